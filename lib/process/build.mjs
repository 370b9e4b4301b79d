// npm run build: bundles of the server and its tools, the console, the agent. Does only what changed since the last time.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { bundlePostgres } from './bundle-postgres.mjs'
import {
  aloneInClone,
  capture,
  checkNodeVersion,
  ensureInstalled,
  root,
  stop,
  withProgress,
} from './install.mjs'

const record = join(root, 'dist', '.build.json')

/** Programs of the bundle: name in dist/ → source. */
export const entryPoints = {
  server: 'lib/process/main.ts',
  admin: 'lib/process/admin.ts',
  migrate: 'lib/process/migrate.ts',
}

/**
 * What esbuild is asked for, here and by the watcher.
 *
 * @type {import('esbuild').BuildOptions}
 */
export const bundleOptions = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  packages: 'external',
  plugins: [bundlePostgres],
  sourcemap: true,
  outdir: 'dist',
  logLevel: 'silent',
}

const isTest = (path) => /\.test\.tsx?$/.test(path)

function filesBelow(path) {
  const full = join(root, path)
  if (!existsSync(full)) return []
  const entries = readdirSync(full, { withFileTypes: true })
  return entries.flatMap((entry) => {
    if (entry.name === 'node_modules' || entry.name === 'dist' || entry.name.startsWith('.')) return []
    const inner = `${path}/${entry.name}`
    return entry.isDirectory() ? filesBelow(inner) : isTest(inner) ? [] : [inner]
  })
}

/** Of contents, not times: a checkout or a restored cache changes times alone. */
function hashOf(paths) {
  const hash = createHash('sha256')
  for (const path of paths.sort()) {
    const full = join(root, path)
    if (existsSync(full)) hash.update(`${path}\0`).update(readFileSync(full)).update('\0')
  }
  return hash.digest('hex')
}

const common = ['package-lock.json', 'tsconfig.json']

const configFiles = () =>
  readdirSync(root).filter(
    (name) => /^(next|postcss|tailwind)\.config\./.test(name) || /^(middleware|proxy)\.ts$/.test(name),
  )

const library = () => filesBelow('lib').filter((path) => !path.startsWith('lib/testing/'))

async function buildServer() {
  const { build } = await import('esbuild')
  try {
    await build({
      ...bundleOptions,
      entryPoints: Object.entries(entryPoints).map(([out, source]) => ({ in: source, out })),
    })
  } catch (error) {
    stop(`The server could not be built:\n\n${error.message}`)
  }
}

async function buildConsole() {
  const log = join(root, 'dist', 'console-build.log')
  const { status, output } = await capture(process.execPath, ['node_modules/next/dist/bin/next', 'build'], {
    env: { ...process.env, NODE_ENV: 'production', NEXT_TELEMETRY_DISABLED: '1' },
  })
  writeFileSync(log, output)
  if (status !== 0)
    stop(`The console could not be built:\n\n${output.trim().split('\n').slice(-60).join('\n')}`)
}

async function buildAgent() {
  const { status, output } = await capture(process.execPath, ['agent/build.mjs'])
  if (status !== 0)
    stop(`The agent could not be built:\n\n${output.trim().split('\n').slice(-40).join('\n')}`)
}

const parts = {
  server: {
    words: 'Building the server (a few seconds)…',
    sources: () => [...common, ...library(), ...filesBelow('agent/src/protocol'), 'lib/process/build.mjs'],
    result: 'dist/server.js',
    build: buildServer,
  },
  agent: {
    words: 'Building the rigel command (a few seconds)…',
    // Its build file comes with it; without one there is nothing to build.
    sources: () => [...common, ...filesBelow('agent')],
    result: 'agent/dist/cli.js',
    build: buildAgent,
    absent: () => !existsSync(join(root, 'agent', 'build.mjs')),
  },
  console: {
    words: 'Building the console (about a minute the first time)…',
    sources: () => [
      ...common,
      ...configFiles(),
      ...library().filter((path) => !path.startsWith('lib/process/')),
      ...filesBelow('app'),
      ...filesBelow('public'),
      ...filesBelow('agent/src/protocol'),
    ],
    result: '.next/BUILD_ID',
    build: buildConsole,
    absent: () => !existsSync(join(root, 'app', 'layout.tsx')),
  },
}

function readRecord() {
  try {
    return JSON.parse(readFileSync(record, 'utf8'))
  } catch {
    return {}
  }
}

const current = (name, hash) => existsSync(join(root, parts[name].result)) && readRecord()[name] === hash

/** Those of the named parts that are missing or older than their sources. */
export function staleParts(names = Object.keys(parts)) {
  return names.filter((name) => !parts[name].absent?.() && !current(name, hashOf(parts[name].sources())))
}

/** Builds the named parts that are missing or older than their sources. */
export async function ensureBuilt(names, { force = false } = {}) {
  if (!force && staleParts(names).length === 0) return
  mkdirSync(join(root, 'dist'), { recursive: true })
  await aloneInClone(async () => {
    // Asked again: whom we waited for may have built them.
    for (const name of force ? (names ?? Object.keys(parts)) : staleParts(names)) {
      const part = parts[name]
      if (part.absent?.()) continue
      // Before the build: what is saved meanwhile is built the next time.
      const hash = hashOf(part.sources())
      await withProgress(part.words, part.build)
      writeFileSync(record, `${JSON.stringify({ ...readRecord(), [name]: hash }, null, 2)}\n`)
    }
  })
}

// node lib/process/build.mjs [--force] [part …]
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  checkNodeVersion()
  await ensureInstalled()
  const args = process.argv.slice(2)
  const names = args.filter((arg) => arg in parts)
  await ensureBuilt(names.length > 0 ? names : undefined, { force: args.includes('--force') })
}
