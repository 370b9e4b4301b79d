// Builds the package: `node build.mjs [OUTDIR] [--no-types]` (default dist).
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, renameSync, rmSync } from 'node:fs'
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
  if (status === 0) return
  rmSync(fresh, { recursive: true, force: true })
  process.exit(1)
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
