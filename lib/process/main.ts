import { ConfigError, readConfig } from '../config/config.ts'
import { log } from '../config/log.ts'
import { banner, type RunningServer, startServer } from './server.ts'

function sayAndStop(error: unknown): never {
  if (error instanceof ConfigError) process.stderr.write(`\nRigel cannot start. ${error.message}\n\n`)
  else {
    log().fatal({ err: error }, 'Rigel could not start')
    process.stderr.write(
      `\nRigel could not start: ${error instanceof Error ? error.message : String(error)}\n\n`,
    )
  }
  process.exit(1)
}

/**
 * A service manager signals npm, its shell and the server; npm passes it on, and the end of the shell counts as a signal too
 * (`endWithShell`): that is one wish, told up to three times.
 */
const echoMs = 2_000

/** The first signal drains; a later one, from somebody who does not want to wait, ends the process at once. */
function stopOnSignals(server: Promise<RunningServer>): void {
  let askedAtMs: number | undefined
  const stop = async () => {
    if (askedAtMs !== undefined) {
      if (performance.now() - askedAtMs < echoMs) return
      process.exit(130)
    }
    askedAtMs = performance.now()
    process.stderr.write('\nStopping: finishing what is under way…\n')
    try {
      await (await server).close()
      process.exit(0)
    } catch (error) {
      log().error({ err: error }, 'the shutdown was not clean')
      process.exit(1)
    }
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

// Whoever reads what is printed may go away first (a closed terminal, a pipe to `head`). The server goes on, and still
// stops in order when it is asked to: without a listener each line would be an error of its own, and the next one of that.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined)

try {
  const config = readConfig()
  const starting = startServer(config, { onProgress: (step) => process.stderr.write(`  ${step}\n`) })
  stopOnSignals(starting)
  const server = await starting
  process.stdout.write(`${banner(server.config, !config.databaseUrl, await server.signInLink())}\n`)
} catch (error) {
  sayAndStop(error)
}

// A defect in one request must not cut every tenant's connections: it is said whole, and the rest goes on.
process.on('unhandledRejection', (error) =>
  log().error({ err: error }, 'a promise was rejected and nobody listened'),
)
