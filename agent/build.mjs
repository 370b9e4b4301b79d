// Builds the package: `node build.mjs [OUTDIR]` (default dist). Types are added with --types.
import { spawnSync } from 'node:child_process'
import { chmodSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = dirname(fileURLToPath(import.meta.url))
const args = process.argv.slice(2)
const outdir = resolve(args.find((arg) => !arg.startsWith('--')) ?? join(here, 'dist'))

rmSync(outdir, { recursive: true, force: true })
await build({
  entryPoints: {
    index: join(here, 'src/index.ts'),
    cli: join(here, 'src/cli/cli.ts'),
    'typescript-hooks': join(here, 'src/cli/run-file/typescript-hooks.ts'),
  },
  outdir,
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
chmodSync(join(outdir, 'cli.js'), 0o755)

if (args.includes('--types')) {
  const tsc = createRequire(import.meta.url)
    .resolve('typescript/package.json')
    .replace('package.json', 'bin/tsc')
  const options = ['-p', join(here, 'tsconfig.json'), '--emitDeclarationOnly', '--outDir', outdir]
  const { status } = spawnSync(process.execPath, [tsc, ...options], { stdio: 'inherit' })
  process.exitCode = status ?? 1
}
