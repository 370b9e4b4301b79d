import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isInstalled } from './install.mjs'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rigel-install-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const list = (packages: object) => JSON.stringify({ packages })

/** A clone whose lock file wants `ws` and, where the platform has it, `fsevents`. */
function makeClone(installed: Readonly<Record<string, string>>, inPlace: readonly string[]): string {
  const wanted = {
    '': { name: 'rigel' },
    'node_modules/ws': { version: '8.0.0' },
    'node_modules/fsevents': { version: '2.0.0', optional: true },
    'node_modules/@rigel/agent': { link: true },
  }
  writeFileSync(join(folder, 'package-lock.json'), list(wanted))
  const packages = Object.fromEntries(
    Object.entries(installed).map(([name, version]) => [`node_modules/${name}`, { version }]),
  )
  mkdirSync(join(folder, 'node_modules'))
  writeFileSync(join(folder, 'node_modules', '.package-lock.json'), list(packages))
  for (const name of inPlace) {
    mkdirSync(join(folder, 'node_modules', name))
    writeFileSync(join(folder, 'node_modules', name, 'package.json'), '{}')
  }
  return folder
}

test('what is listed and in place is installed, whatever other platforms need', () => {
  expect(isInstalled(makeClone({ ws: '8.0.0' }, ['ws']))).toBe(true)
})

test('another version is not', () => {
  expect(isInstalled(makeClone({ ws: '7.0.0' }, ['ws']))).toBe(false)
})

test('neither is what is listed but gone, as after an installation that was cut off', () => {
  expect(isInstalled(makeClone({ ws: '8.0.0' }, []))).toBe(false)
})
