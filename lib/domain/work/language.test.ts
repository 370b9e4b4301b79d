import { expect, test } from 'vitest'
import { canRun, capabilities, entrypointsBeyond, languageOf } from './language.ts'

const entrypoints = [
  ['flows/etl.py:etl', 'python'],
  ['etl.py', 'python'],
  ['flows.ts:greet', 'typescript'],
  ['flows.mjs:greet', 'typescript'],
  ['C:\\flows.tsx', 'typescript'],
  ['package.module.flow', null],
  ['etl.pyc:etl', null],
  ['flows.json:greet', null],
  ['', null],
  [null, null],
] as const

test.each(entrypoints)('the entrypoint %s is of %s', (entrypoint, language) => {
  expect(languageOf(entrypoint)).toBe(language)
})

test('the pattern for the database leaves out exactly what cannot be run', () => {
  for (const capability of capabilities) {
    const beyond = entrypointsBeyond(capability)
    for (const [entrypoint, language] of entrypoints) {
      const isLeftOut = beyond !== null && entrypoint !== null && new RegExp(beyond).test(entrypoint)
      expect([capability, entrypoint, !isLeftOut]).toEqual([
        capability,
        entrypoint,
        canRun(capability, language),
      ])
    }
  }
})
