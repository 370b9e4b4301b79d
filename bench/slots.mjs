// node bench/slots.mjs [--seconds 60] [--slots 12] [--processes 4] [--kill-every 8]: 200 clients in some processes take and give slots of
// one limit, while processes are killed and replaced. Fails if more slots are ever out than there are, or if any are left when the last
// leases have ended. With --kill-every 0 nobody is killed: then it says how fast slots go from hand to hand.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { importSource, startPostgres, takeDown } from './stage.mjs'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    slots: { type: 'string', default: '12' },
    processes: { type: 'string', default: '4' },
    'kill-every': { type: 'string', default: '8' },
  },
})
const seconds = Number(values.seconds)
const slots = Number(values.slots)
const processes = Number(values.processes)
const clients = 200
const killEverySeconds = Number(values['kill-every']) || Number.POSITIVE_INFINITY
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
  /** Answers when it is ready. */
  const start = () => {
    const child = spawn(
      process.execPath,
      [program.path, 'slots', url, workspaceId, 'contended', String(Math.ceil(clients / processes))],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    )
    children.add(child)
    return new Promise((resolve) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (line === 'ready') resolve(child)
        else grants++
      })
    })
  }
  const go = (child) => child.stdin.write('go\n')
  const kill = () => {
    const [child] = children
    children.delete(child)
    child.kill('SIGKILL')
    killed++
  }
  const ready = await Promise.all(Array.from({ length: processes }, start))
  for (const child of ready) go(child)

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
      void start().then(go)
    }
    await wait(2)
  }
  const [given, killedAtWork] = [grants, killed]
  while (children.size > 0) kill()
  await wait((leaseSeconds + 1) * 1e3)
  const [left] = await db.engine`
    select coalesce(sum(slots), 0)::int as n from slot_leases where limit_id = ${limitId} and expires_at > now()`
  console.log(
    `${given} slots given and taken back in ${seconds} s by ${clients} clients in ${processes} processes, ${(given / seconds).toFixed(0)} a second, ${killedAtWork} processes killed meanwhile`,
  )
  console.log(`out at once: at most ${most} of ${slots} (${looks} looks); left at the end: ${left.n}`)
  if (most > slots || left.n > 0) process.exitCode = 1
  await db.close()
} finally {
  for (const child of children) child.kill('SIGKILL')
  program.remove()
  await takeDown()
}
