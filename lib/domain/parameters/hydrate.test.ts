import { describe, expect, test } from 'vitest'
import type { RawJson } from '../state.ts'
import { hydrate, variablesNamedIn } from './hydrate.ts'
import { mergeJson } from './merge.ts'

const sources = {
  variable: (name: string) => (name === 'big' ? ('12345678901234567890' as RawJson) : undefined),
  renderJinja: (template: string) => {
    if (template === 'bad') throw new Error('no such filter')
    return template.toUpperCase()
  },
}
const filled = (json: string) => hydrate(json as RawJson, sources)

describe('placeholders in parameters', () => {
  test.each([
    ['{"a":1.0}', '{"a":1.0}'],
    ['{"a":{"__prefect_kind":"json","value":"{\\"b\\":1.0}"}}', '{"a":{"b":1.0}}'],
    ['{"a":[{"__prefect_kind":"none","value":{"c":2}}]}', '{"a":[{"c":2}]}'],
    ['{"a":{"b":{"__prefect_kind":"jinja","template":"x"}}}', '{"a":{"b":"X"}}'],
    ['{"a":{"__prefect_kind":"workspace_variable","variable_name":"big"}}', '{"a":12345678901234567890}'],
    ['{"a":{"__prefect_kind":"json","value":{"__prefect_kind":"jinja","template":"[1]"}}}', '{"a":[1]}'],
  ])('%s', (json, result) => expect(filled(json)).toBe(result))

  test.each([
    ['{"a":{"b":[{"__prefect_kind":"json","value":"{"}]}}', 'a.b[0]'],
    ['{"a":{"__prefect_kind":"jinja","template":"bad"}}', 'no such filter'],
    ['{"a":{"__prefect_kind":"jinja"}}', 'needs “template”'],
    [
      '{"a":{"__prefect_kind":"workspace_variable","variable_name":"none"}}',
      "Variable 'none' not found in workspace.",
    ],
    ['{"a":{"__prefect_kind":"python","value":"x"}}', 'unknown kind'],
  ])('%s cannot be filled in', (json, why) => expect(() => filled(json)).toThrow(why))

  test('say which variables they need', () => {
    expect(
      variablesNamedIn(
        '{"a":[{"__prefect_kind":"workspace_variable","variable_name":"x"}],"variable_name":"y"}' as RawJson,
      ),
    ).toEqual(['x'])
  })
})

test('parameters are merged to the last digit', () => {
  expect(mergeJson('{}' as RawJson, '{"a":1.0,"b":2}' as RawJson, '{"b":1e2}' as RawJson)).toBe(
    '{"a":1.0,"b":1e2}',
  )
  expect(mergeJson('{ "a":1.0 }' as RawJson, '{}' as RawJson)).toBe('{ "a":1.0 }')
})
