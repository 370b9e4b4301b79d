// npm run db:migrate, npm run admin -- …: one of the tools, built when needed. Says nothing on standard output itself.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { checkNodeVersion, ensureInstalled, root, stop } from './install.mjs'

const [tool, ...args] = process.argv.slice(2)
if (tool !== 'migrate' && tool !== 'admin')
  stop('Say `npm run db:migrate` or `npm run admin -- bootstrap …`.')
checkNodeVersion()
await ensureInstalled()
const { ensureBuilt } = await import('./build.mjs')
await ensureBuilt(['server'])
const program = join(root, 'dist', `${tool}.js`)
process.argv = [process.execPath, program, ...args]
process.setSourceMapsEnabled(true)
await import(pathToFileURL(program).href)
