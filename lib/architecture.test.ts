import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, posix, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Rooms from low to high, and what each may import beside itself. Test files may import anything. */
const may = {
  protocol: [],
  domain: ['protocol'],
  config: [],
  db: ['config', 'domain', 'protocol'],
  // Engine publishes what it committed, and says with the verbs' errors why it did not.
  engine: ['live', 'db', 'config', 'domain', 'protocol'],
  live: ['db', 'config', 'domain', 'protocol'],
  control: ['identity', 'billing', 'live', 'engine', 'db', 'config', 'domain', 'protocol'],
  identity: ['control', 'billing', 'live', 'engine', 'db', 'config', 'domain', 'protocol'],
  billing: ['control', 'identity', 'live', 'engine', 'db', 'config', 'domain', 'protocol'],
  services: ['control', 'identity', 'billing', 'live', 'engine', 'db', 'config', 'domain', 'protocol'],
  api: ['control', 'identity', 'billing', 'live', 'engine', 'db', 'config', 'domain', 'protocol'],
  app: ['control', 'identity', 'billing', 'live', 'engine', 'db', 'config', 'domain', 'protocol'],
  process: [
    'api',
    'services',
    'control',
    'identity',
    'billing',
    'live',
    'engine',
    'db',
    'config',
    'domain',
    'protocol',
  ],
  testing: [
    'process',
    'api',
    'services',
    'control',
    'identity',
    'billing',
    'live',
    'engine',
    'db',
    'config',
    'domain',
    'protocol',
    'agent',
  ],
  // A package of its own: what it ships imports nothing of the rest, which is true of nobody's machine.
  agent: ['protocol'],
} as const satisfies Record<string, readonly string[]>

type Room = keyof typeof may
const rooms = Object.keys(may) as readonly Room[]
const isRoom = (name: string): name is Room => (rooms as readonly string[]).includes(name)

/** Packages that are pure computing, so the domain may stand on them. Nothing with a clock, dice, network or framework. */
const purePackages: readonly string[] = ['ajv/dist/2020.js']

function roomOf(path: string): Room | undefined {
  if (path.startsWith('agent/src/protocol/')) return 'protocol'
  if (path.startsWith('agent/')) return 'agent'
  if (path.startsWith('app/') || path === 'middleware.ts') return 'app'
  const name = /^lib\/([^/]+)\//.exec(path)?.[1]
  return name && isRoom(name) ? name : undefined
}

const isTest = (path: string): boolean => /\.test\.tsx?$/.test(path) || path.startsWith('agent/src/testing/')

const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root })
  .toString()
  .split('\n')
  .filter((path) => path && existsSync(join(root, path)))

const sources = tracked.filter((path) => /\.tsx?$/.test(path) && /^(lib|app|agent\/src)\//.test(path))

const importLine =
  /(?:^|[\n;])\s*(?:import|export)\s(?:[^'"()]*?\sfrom\s)?\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/g

function importsOf(text: string): readonly string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '')
  return Array.from(code.matchAll(importLine), (match) => match[1] ?? match[2] ?? '')
}

/** A path of the repository, or undefined for a package and for Node's own modules. */
function target(from: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return posix.normalize(posix.join(posix.dirname(from), specifier))
  if (specifier.startsWith('#lib/')) return `lib/${specifier.slice(5)}`
  if (specifier.startsWith('#app/')) return `app/${specifier.slice(5)}`
  if (specifier.startsWith('#protocol/')) return `agent/src/protocol/${specifier.slice(10)}`
  if (specifier === '@rigel/agent') return 'agent/src/index.ts'
  return undefined
}

function wrongArrows(): readonly string[] {
  return sources.flatMap((path) => {
    const from = roomOf(path)
    if (!from || isTest(path)) return []
    return importsOf(readFileSync(join(root, path), 'utf8')).flatMap((specifier) => {
      const file = target(path, specifier)
      if (file === undefined) {
        const allowed = from !== 'domain' || purePackages.includes(specifier)
        return allowed ? [] : [`${path} imports ${specifier}: the domain is pure`]
      }
      const to = roomOf(file)
      if (to === undefined || to === from || (may[from] as readonly string[]).includes(to)) return []
      return [`${path} imports ${file}: ${from} may not stand on ${to}`]
    })
  })
}

describe('import lines', () => {
  test('are all found', () => {
    const text = [
      "import a from './a.ts'",
      "import type { B } from '../b.ts'",
      "import './c.css'",
      "export * from './d.ts'",
      "export { e } from './e.ts'",
      "const f = await import('./f.ts')",
      "import {\n  g,\n  h,\n} from './g.ts'",
      "// import x from './x.ts'",
      "/* import y from './y.ts' */",
    ].join('\n')
    expect(importsOf(text)).toEqual(['./a.ts', '../b.ts', './c.css', './d.ts', './e.ts', './f.ts', './g.ts'])
  })

  test('run down only', () => {
    expect(wrongArrows()).toEqual([])
  })
})

test('the domain asks neither clock nor dice', () => {
  const asking = sources.filter((path) => {
    if (roomOf(path) !== 'domain' || isTest(path)) return false
    const code = readFileSync(join(root, path), 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
    return /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bperformance\.now\(|\bcrypto\.|\bprocess\.|\bfetch\(/.test(
      code,
    )
  })
  expect(asking).toEqual([])
})

test('the environment is read in one file', () => {
  // Telling a library something by it is not reading. NODE_ENV is the bundler's: it is replaced by its value.
  const reads = (code: string): boolean =>
    /process\.env(?!\.NODE_ENV)/.test(code.replace(/delete process\.env\.\w+|process\.env\.\w+ = /g, ''))
  const readers = sources.filter(
    (path) =>
      (path.startsWith('lib/') || path.startsWith('app/')) &&
      !isTest(path) &&
      // Tests start processes, which need what the shell gives.
      roomOf(path) !== 'testing' &&
      path !== 'lib/config/config.ts' &&
      reads(readFileSync(join(root, path), 'utf8')),
  )
  expect(readers).toEqual([])
})

test('app/api holds the sign-in route only', () => {
  const routes = tracked.filter((path) => path.startsWith('app/api/'))
  expect(routes.filter((path) => !path.startsWith('app/api/auth/'))).toEqual([])
})

test('the top level is what a newcomer was told', () => {
  const folders = ['.ci', 'agent', 'app', 'bench', 'docs', 'drizzle', 'examples', 'lib']
  const files = ['README.md', 'middleware.ts', 'package.json', 'tsconfig.json']
  const configuration =
    /^(\.gitignore|\.gitattributes|\.editorconfig|\.npmrc|\.nvmrc|LICENSE|package-lock\.json|biome\.json|(next|postcss|vitest|drizzle)\.config\.(ts|js|mjs))$/
  const top = [...new Set(tracked.map((path) => path.split('/')[0] ?? ''))]
  const strangers = top.filter(
    (name) => !folders.includes(name) && !files.includes(name) && !configuration.test(name),
  )
  expect(strangers).toEqual([])
})

test('every room of the list is one of the design', () => {
  const found = new Set(sources.flatMap((path) => /^lib\/([^/]+)\//.exec(relative('.', path))?.[1] ?? []))
  expect([...found].filter((name) => !isRoom(name))).toEqual([])
})
