import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  baseUrl,
  ConfigError,
  isLoopback,
  maskValue,
  openDataFolder,
  parseConfig,
  resolveAuthSecret,
  withPort,
  writingToDataFolder,
} from './config.ts'

const secret = 'x'.repeat(32)
const github = { GITHUB_ID: 'Iv1.abc', GITHUB_SECRET: 'hush-hush' }

function refusal(env: Record<string, string>, args: string[] = []): ConfigError {
  try {
    parseConfig(env, args)
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
  throw new Error('was accepted')
}

describe('an empty environment', () => {
  test('is a complete one on loopback', () => {
    expect(parseConfig({}, [], '/srv/rigel')).toMatchObject({
      host: '127.0.0.1',
      port: 3000,
      loopback: true,
      publicUrl: 'http://127.0.0.1:3000',
      dataDir: '/srv/rigel/.rigel',
      databaseUrl: undefined,
      authSecret: undefined,
      github: undefined,
      logLevel: 'info',
      roles: { ui: true, services: true, api: true },
    })
  })

  test('is the same as one of empty values', () => {
    expect(parseConfig({ PORT: '', DATABASE_URL: ' ', GITHUB_ID: '' })).toEqual(parseConfig({}))
  })
})

describe('a good value', () => {
  test('is taken', () => {
    const config = parseConfig({
      HOST: '0.0.0.0',
      PORT: '0',
      PUBLIC_URL: 'https://rigel.example.com/',
      DATABASE_URL: 'postgresql://u:p@db:5432/rigel?sslmode=require',
      RIGEL_DATA_DIR: '/var/lib/rigel',
      AUTH_SECRET: secret,
      ...github,
      GITHUB_URL: 'https://github.example.com/',
      LOG_LEVEL: 'debug',
      RIGEL_POOL_SIZE: '3',
    })
    expect(config).toMatchObject({
      loopback: false,
      port: 0,
      publicUrl: 'https://rigel.example.com',
      dataDir: '/var/lib/rigel',
      github: { id: 'Iv1.abc', secret: 'hush-hush', url: 'https://github.example.com' },
      logLevel: 'debug',
    })
    expect(config.poolSize).toBe(3)
  })

  test.each([
    ['--no-ui', { ui: false, services: true, api: true }],
    ['--no-services', { ui: true, services: false, api: true }],
    ['--no-api', { ui: true, services: true, api: false }],
  ])('%s takes that role away', (flag, roles) => {
    expect(parseConfig({}, [flag]).roles).toEqual(roles)
  })
})

describe('a wrong value', () => {
  test.each([
    ['HOST', 'not a host'],
    ['PORT', '70000'],
    ['PORT', '3000x'],
    ['PORT', '-1'],
    ['PUBLIC_URL', 'rigel.example.com'],
    ['PUBLIC_URL', 'ftp://rigel.example.com'],
    ['PUBLIC_URL', 'https://example.com/rigel'],
    ['DATABASE_URL', 'mysql://db/rigel'],
    ['DATABASE_URL', 'postgres://db'],
    ['DATABASE_URL', 'postgres://db/100%'],
    ['GITHUB_URL', 'github'],
    ['LOG_LEVEL', 'loud'],
    ['RIGEL_POOL_SIZE', '0'],
  ])(
    '%s=%s stops the start with one sentence that names it, what it held and what it should be',
    (name, held) => {
      const error = refusal({ [name]: held })
      expect(error.variable).toBe(name)
      expect(error.message).toContain(`${name} holds ${JSON.stringify(held)}, but should be `)
      expect(error.message.endsWith('.')).toBe(true)
      expect(error.message).not.toContain('\n')
    },
  )

  test('never shows a secret', () => {
    expect(refusal({ AUTH_SECRET: 'too-short' }).message).not.toContain('too-short')
    expect(refusal({ ...github, GITHUB_SECRET: 'two words' }).message).not.toContain('two words')
    expect(refusal({ DATABASE_URL: 'mysql://rigel:hunter2@db/x' }).message).toContain('rigel:***@db')
    expect(refusal({ DATABASE_URL: 'rigel:hunter2@db' }).message).not.toContain('hunter2')
    expect(refusal({ DATABASE_URL: 'mysql://db/x?password=hunter2' }).message).not.toContain('hunter2')
  })

  test('an unknown flag is refused by name', () => {
    expect(refusal({}, ['--port', '4000']).message).toMatch(
      /^"--port" is not an option .*PORT=4000 npm start/,
    )
  })
})

describe('GitHub credentials', () => {
  test.each([
    ['GITHUB_ID', 'GITHUB_SECRET'],
    ['GITHUB_SECRET', 'GITHUB_ID'],
  ] as const)('%s alone names the missing %s', (present, missing) => {
    const error = refusal({ [present]: github[present] })
    expect(error.variable).toBe(missing)
    expect(error.message).not.toContain('hush-hush')
  })

  test('are required off loopback, and the refusal says why', () => {
    const error = refusal({ HOST: '0.0.0.0', AUTH_SECRET: secret })
    expect(error.message).toMatch(/HOST holds "0\.0\.0\.0".*GITHUB_ID and GITHUB_SECRET are not set/)
  })

  test('are not enough off loopback without AUTH_SECRET', () => {
    expect(refusal({ HOST: '0.0.0.0', ...github }).variable).toBe('AUTH_SECRET')
  })
})

test.each([
  ['127.0.0.1', true],
  ['127.9.9.9', true],
  ['localhost', true],
  ['::1', true],
  ['0.0.0.0', false],
  ['::', false],
  ['127.example.com', false],
  ['10.0.0.1', false],
])('%s on loopback: %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected)
})

test('a free port changes the assumed public URL but not one that was set', () => {
  expect(withPort(parseConfig({ PORT: '0' }), 4242).publicUrl).toBe('http://127.0.0.1:4242')
  expect(withPort(parseConfig({ PORT: '0', PUBLIC_URL: 'https://r.example' }), 4242).publicUrl).toBe(
    'https://r.example',
  )
})

test('an address of version 6 stands in brackets, and a wildcard is reached by name', () => {
  expect(baseUrl('::1', 1)).toBe('http://[::1]:1')
  expect(baseUrl('0.0.0.0', 1)).toBe('http://localhost:1')
})

test('a password with an at sign or a colon in it is masked whole', () => {
  expect(maskValue('DATABASE_URL', 'postgres://u:p:a@b@host/db')).toBe('"postgres://u:***@host/db"')
})

describe('the data folder', () => {
  let parent: string
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'rigel-config-'))
  })
  afterEach(() => rmSync(parent, { recursive: true }))

  test('is made, with what leads there', () => {
    const dataDir = join(parent, 'a', 'b ü')
    openDataFolder({ dataDir })
    openDataFolder({ dataDir })
    expect(statSync(dataDir).isDirectory()).toBe(true)
  })

  test('that is a file, or below one, is named with what stands in the way', () => {
    const file = join(parent, 'file')
    writeFileSync(file, '')
    for (const dataDir of [file, join(file, 'below')]) {
      expect(() => openDataFolder({ dataDir })).toThrow(
        `RIGEL_DATA_DIR holds ${JSON.stringify(dataDir)}, but a part of it is a file; it should be a folder that Rigel may write to`,
      )
    }
  })

  test.each([
    Object.assign(new Error('write'), { code: 'ENOSPC' }),
    Object.assign(new Error('could not extend file'), { code: '53100' }),
    new Error('initdb ended with 1:\nFATAL:  could not write to file "base/4/1249": No space left on device'),
  ])('on a full disk is named, whoever noticed (%#)', async (failure) => {
    const writing = writingToDataFolder({ dataDir: parent }, () => Promise.reject(failure))
    await expect(writing).rejects.toMatchObject({
      name: 'ConfigError',
      message: `RIGEL_DATA_DIR holds ${JSON.stringify(parent)}, but the disk is full; it should be a folder that Rigel may write to, such as .rigel.`,
    })
  })

  test('takes no blame for other failures', async () => {
    const failure = new Error('something else')
    await expect(writingToDataFolder({ dataDir: parent }, () => Promise.reject(failure))).rejects.toBe(
      failure,
    )
  })

  test.skipIf(process.platform !== 'linux')('that the system refuses to make is refused at once', () => {
    expect(() => openDataFolder({ dataDir: '/proc/rigel/data' })).toThrow('no folder can be made there')
  })
})

describe('the session secret', () => {
  let dataDir: string
  beforeEach(() => {
    dataDir = mkdtempSync(join(tmpdir(), 'rigel-config-'))
  })
  afterEach(() => rmSync(dataDir, { recursive: true }))

  test('is made once and kept for its owner only', () => {
    const made = resolveAuthSecret({ authSecret: undefined, dataDir })
    expect(made.length).toBeGreaterThanOrEqual(32)
    expect(resolveAuthSecret({ authSecret: undefined, dataDir })).toBe(made)
    expect(statSync(join(dataDir, 'auth-secret')).mode & 0o777).toBe(0o600)
  })

  test('that was configured is used as it is', () => {
    expect(resolveAuthSecret({ authSecret: secret, dataDir: '/nowhere' })).toBe(secret)
  })

  test('that is damaged is named, not replaced', () => {
    writeFileSync(join(dataDir, 'auth-secret'), 'x')
    expect(() => resolveAuthSecret({ authSecret: undefined, dataDir })).toThrow(/damaged; delete that file/)
  })
})
