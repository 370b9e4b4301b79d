/** A program for tests: starts or joins the embedded Postgres of a folder, says so, and holds it until SIGTERM. */
import { startEmbeddedPostgres } from '../process/embedded-postgres.ts'

const [folder = ''] = process.argv.slice(2)
const server = await startEmbeddedPostgres({ folder, volatile: true })
process.stdout.write(`${JSON.stringify({ url: server.url, adopted: server.adopted })}\n`)
const alive = setInterval(() => {}, 1000)
process.once('SIGTERM', async () => {
  clearInterval(alive)
  await server.stop()
})
