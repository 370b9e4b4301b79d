import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { rootFolder } from '../process/root.ts'

export interface Bundle {
  readonly path: string
  remove(): void
}

/** A TypeScript program of this repository as plain Node runs it: for tests that need a process to kill. */
export async function bundleProgram(source: string): Promise<Bundle> {
  // Inside the clone, so that packages are found from there.
  const folder = mkdtempSync(join(rootFolder, 'node_modules', '.rigel-test-'))
  const path = join(folder, 'program.mjs')
  await build({
    absWorkingDir: rootFolder,
    entryPoints: [source],
    outfile: path,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    packages: 'external',
    logLevel: 'silent',
  })
  return { path, remove: () => rmSync(folder, { recursive: true, force: true }) }
}
