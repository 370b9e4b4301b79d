// Builds the package: `node build.mjs [OUTDIR] [--no-types]` (default dist).
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = dirname(fileURLToPath(import.meta.url))
const args = process.argv.slice(2)
const outdir = resolve(args.find((arg) => !arg.startsWith('--')) ?? join(here, 'dist'))
// Beside, and put in place when whole: a command that runs meanwhile finds the old build or the new one.
const fresh = `${outdir}.${process.pid}.new`
const old = `${outdir}.${process.pid}.old`

await build({
  entryPoints: {
    index: join(here, 'src/index.ts'),
    cli: join(here, 'src/cli/cli.ts'),
    'typescript-hooks': join(here, 'src/cli/run-file/typescript-hooks.ts'),
  },
  outdir: fresh,
  bundle: true,
  // Shared chunks: `import '@rigel/agent'` and `rigel --version` load none of the connection, nor ws.
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
  format: 'esm',
  platform: 'node',
  target: 'node20.9',
  minifySyntax: true,
  minifyWhitespace: true,
  external: ['ws'],
  legalComments: 'none',
  logLevel: 'warning',
})
chmodSync(join(fresh, 'cli.js'), 0o755)
if (!args.includes('--no-types')) writeTypes()
if (existsSync(outdir)) renameSync(outdir, old)
renameSync(fresh, outdir)
rmSync(old, { recursive: true, force: true })

function writeTypes() {
  const tsc = findTsc()
  if (!tsc) return console.error('typescript is not installed: the package is built without its types')
  const options = ['-p', join(here, 'tsconfig.json'), '--emitDeclarationOnly', '--outDir', fresh]
  const { status } = spawnSync(process.execPath, [tsc, ...options], { stdio: 'inherit' })
  if (status === 0) return dropUnreachableTypes()
  rmSync(fresh, { recursive: true, force: true })
  process.exit(1)
}

/** Of the types only those that the public ones lead to are of use to anybody. */
function dropUnreachableTypes() {
  const reached = new Set()
  const visit = (file) => {
    if (reached.has(file)) return
    reached.add(file)
    for (const [, path] of readFileSync(file, 'utf8').matchAll(/(?:from|import\()\s*['"](\.[^'"]+)\.js['"]/g))
      visit(resolve(dirname(file), `${path}.d.ts`))
  }
  visit(join(fresh, 'index.d.ts'))
  const files = readdirSync(fresh, { recursive: true }).map((name) => join(fresh, name))
  for (const file of files) if (file.endsWith('.d.ts') && !reached.has(file)) rmSync(file)
  for (const file of files.reverse())
    if (statSync(file, { throwIfNoEntry: false })?.isDirectory()) rmdirIfEmpty(file)
}

function rmdirIfEmpty(directory) {
  if (readdirSync(directory).length === 0) rmdirSync(directory)
}

function findTsc() {
  try {
    return createRequire(import.meta.url)
      .resolve('typescript/package.json')
      .replace('package.json', 'bin/tsc')
  } catch {
    return null
  }
}
