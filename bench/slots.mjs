// node bench/slots.mjs [--seconds 60]: 200 clients in four processes take and give slots of one limit, while processes are killed and
// replaced. Fails if more slots are ever out than there are, or if any are left when the last leases have ended.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { importSource, startPostgres, takeDown } from './stage.mjs'

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' } } })
const seconds = Number(values.seconds)
const slots = 12
const killEverySeconds = 8
/** As contender.ts takes them. */
const leaseSeconds = 5

const { bundleProgram, connectDatabase, makeFlow, makeLimit, migrate } =
  await importSource('bench/contention-parts.ts')
const program = await bundleProgram('lib/testing/contender.ts')
const children = new Set()

try {
  const server = await startPostgres()
  await server.create('slots')
  const url = server.urlOf('slots')
  await migrate(url, 'drizzle')
  const db = connectDatabase({ url, poolSize: 2 })
  const { workspaceId } = await makeFlow(db)
  const limitId = await makeLimit(db, workspaceId, 'contended', slots)
  let grants = 0
  let killed = 0
  const start = () => {
    const child = spawn(process.execPath, [program.path, 'slots', url, workspaceId, 'contended', '50'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    children.add(child)
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line === 'ready') child.stdin.write('go\n')
      else grants++
    })
  }
  const kill = () => {
    const [child] = children
    children.delete(child)
    child.kill('SIGKILL')
    killed++
  }
  for (let n = 0; n < 4; n++) start()

  let most = 0
  let looks = 0
  const endAt = performance.now() + seconds * 1e3
  let killAt = performance.now() + killEverySeconds * 1e3
  while (performance.now() < endAt) {
    // What lives is counted by the database's own clock, in one snapshot.
    const [row] = await db.engine`
      select coalesce(sum(slots), 0)::int as n from slot_leases where limit_id = ${limitId} and expires_at > now()`
    most = Math.max(most, row.n)
    looks++
    if (performance.now() > killAt) {
      killAt += killEverySeconds * 1e3
      kill()
      start()
    }
    await wait(2)
  }
  while (children.size > 0) kill()
  await wait((leaseSeconds + 1) * 1e3)
  const [left] = await db.engine`
    select coalesce(sum(slots), 0)::int as n from slot_leases where limit_id = ${limitId} and expires_at > now()`
  console.log(
    `${grants} slots given and taken back in ${seconds} s by 200 clients, ${killed} processes killed`,
  )
  console.log(`out at once: at most ${most} of ${slots} (${looks} looks); left at the end: ${left.n}`)
  if (most > slots || left.n > 0) process.exitCode = 1
  await db.close()
} finally {
  for (const child of children) child.kill('SIGKILL')
  program.remove()
  await takeDown()
}
