import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

function findRoot(): string {
  // From lib/process as from dist/: the same code runs as source in tests and as a bundle in production.
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const manifest = join(folder, 'package.json')
    if (existsSync(manifest) && /"name":\s*"rigel"/.test(readFileSync(manifest, 'utf8'))) return folder
    if (folder === dirname(folder))
      throw new Error('Rigel cannot find its own folder: no package.json of it is above this file.')
  }
}

/** The folder of the clone. */
export const rootFolder = findRoot()

export const migrationsFolder = join(rootFolder, 'drizzle')
