// npm run dev: the server starts again whenever its sources change; pages change in the browser by themselves.
import { fork } from 'node:child_process'
import { join } from 'node:path'
import { checkNodeVersion, endWithShell, ensureInstalled, root } from './install.mjs'

checkNodeVersion()
endWithShell()
await ensureInstalled()
const { context } = await import('esbuild')
const { bundleOptions, ensureBuilt, entryPoints } = await import('./build.mjs')
await ensureBuilt(['agent'])

let server
let stopping = false
let replacing = Promise.resolve()

const ended = (child) =>
  new Promise((resolve) =>
    child.exitCode !== null || child.signalCode !== null ? resolve() : child.once('exit', resolve),
  )

async function startAgain() {
  if (server) {
    server.kill('SIGTERM')
    await ended(server)
  }
  if (stopping) return
  server = fork(join(root, 'dist', 'dev', 'server.js'), ['--dev', ...process.argv.slice(2)], {
    cwd: root,
    execArgv: ['--enable-source-maps'],
    env: { ...process.env, NODE_ENV: 'development', NEXT_TELEMETRY_DISABLED: '1' },
  })
  server.once('exit', (code) => {
    if (!stopping && code) process.stderr.write('\nThe server ended; it starts again when a file changes.\n')
  })
}

const watcher = await context({
  ...bundleOptions,
  outdir: 'dist/dev',
  entryPoints: [{ in: entryPoints.server, out: 'server' }],
  logLevel: 'warning',
  plugins: [
    ...bundleOptions.plugins,
    {
      name: 'start-again',
      setup(build) {
        build.onEnd(({ errors }) => {
          // A build with errors leaves the last good server running.
          if (errors.length === 0) replacing = replacing.then(startAgain)
        })
      },
    },
  ],
})
await watcher.watch()

for (const name of ['SIGINT', 'SIGTERM']) {
  process.on(name, async () => {
    if (stopping) process.exit(130)
    stopping = true
    await watcher.dispose()
    if (server) {
      server.kill('SIGTERM')
      await ended(server)
    }
    process.exit(0)
  })
}
