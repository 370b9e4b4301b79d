// npm run check: types, lint and format, arrows between rooms. All of them, also when the first one fails.
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { capture, checkNodeVersion, ensureInstalled, root } from '../process/install.mjs'

checkNodeVersion()
await ensureInstalled()

const checks = [
  ['types', ['node_modules/typescript/bin/tsc', '--noEmit', '-p', '.']],
  ['lint and format', ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.']],
  ['arrows', ['node_modules/vitest/vitest.mjs', 'run', '--project', 'unit', 'lib/architecture.test.ts']],
]

// Next writes these for the pages of its last build; pages that moved since are not errors.
for (const folder of ['.next/types', '.next/dev/types'])
  rmSync(join(root, folder), { recursive: true, force: true })

let failed = 0
for (const [name, args] of checks) {
  const started = Date.now()
  const { status, output } = await capture(process.execPath, args)
  const seconds = ((Date.now() - started) / 1000).toFixed(1)
  process.stdout.write(`${status === 0 ? '✓' : '✗'} ${name} (${seconds} s)\n`)
  if (status === 0) continue
  failed++
  process.stdout.write(`\n${output.trim()}\n\n`)
}
process.stdout.write(`${checks.length - failed} passed, ${failed} failed\n`)
process.exit(failed === 0 ? 0 : 1)
