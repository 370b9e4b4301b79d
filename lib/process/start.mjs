// npm start: from a fresh clone to a running Rigel. Plain Node, since nothing may be installed yet.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { capture, checkNodeVersion, ensureInstalled, root } from './install.mjs'

checkNodeVersion()
await ensureInstalled()
const flags = process.argv.slice(2)
// Built by a process of its own: the compilers' memory goes with it.
const parts = flags.includes('--no-ui') ? ['server', 'agent'] : ['server', 'agent', 'console']
const build = `const { ensureBuilt } = await import(${JSON.stringify(pathToFileURL(join(root, 'lib/process/build.mjs')).href)}); await ensureBuilt(${JSON.stringify(parts)})`
const { status } = await capture(process.execPath, ['--input-type=module', '-e', build], {
  stdio: ['ignore', 'ignore', 'inherit'],
})
if (status !== 0) process.exit(status)
process.setSourceMapsEnabled(true)
process.env.NODE_ENV = 'production'
await import(pathToFileURL(join(root, 'dist', 'server.js')).href)
