// npm start: from a fresh clone to a running Rigel. Plain Node, since nothing may be installed yet.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { staleParts } from './build.mjs'
import { capture, checkNodeVersion, endWithShell, ensureInstalled, root } from './install.mjs'

checkNodeVersion()
endWithShell()
await ensureInstalled()
const flags = process.argv.slice(2)
const stale = staleParts(flags.includes('--no-ui') ? ['server', 'agent'] : ['server', 'agent', 'console'])
if (stale.length > 0) {
  // By a process of its own: the compilers' memory goes with it.
  const { status } = await capture(process.execPath, [join(root, 'lib/process/build.mjs'), ...stale], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  if (status !== 0) process.exit(status)
}
process.setSourceMapsEnabled(true)
process.env.NODE_ENV = 'production'
await import(pathToFileURL(join(root, 'dist', 'server.js')).href)
