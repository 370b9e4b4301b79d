import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { afterAll, expect, test } from 'vitest'
import { repossessSlots } from '../services/repossess-slots.ts'
import { bundleProgram } from '../testing/bundle.ts'
import { testDatabase } from '../testing/database.ts'
import { makeDueRuns, makeFlow, makeLimit, makePool } from '../testing/work.ts'
import { nowMicros } from './clock.ts'
import { createEngine } from './create-engine.ts'

const db = await testDatabase()
const program = await bundleProgram('lib/testing/contender.ts')
const children: ChildProcess[] = []
afterAll(() => {
  for (const child of children) child.kill('SIGKILL')
  program.remove()
})

interface Contender {
  readonly child: ChildProcess
  readonly lines: readonly string[]
  /** Settles when it has printed so many lines. */
  hasPrinted(count: number): Promise<void>
  start(): void
  readonly ended: Promise<unknown>
}

/** A replica, ready to begin. */
async function contender(
  what: 'runs' | 'slots',
  workspaceId: string,
  subject: string,
  clients: number,
): Promise<Contender> {
  const child = spawn(process.execPath, [program.path, what, db.url, workspaceId, subject, String(clients)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  children.push(child)
  const ended = once(child, 'exit')
  const lines: string[] = []
  const waiting: { count: number; done: () => void }[] = []
  const ready = new Promise<void>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line === 'ready') return resolve()
      lines.push(line)
      for (const wait of waiting) if (lines.length >= wait.count) wait.done()
    })
  })
  await Promise.race([ready, ended.then(() => Promise.reject(new Error('the contender ended early')))])
  return {
    child,
    lines,
    hasPrinted: (count) =>
      new Promise((done) => (lines.length >= count ? done() : waiting.push({ count, done }))),
    start: () => child.stdin?.write('go\n'),
    ended,
  }
}

test('50 claimers in three processes, one of which is killed, get each of 10,000 due runs exactly once', async () => {
  const flow = await makeFlow(db)
  const { poolId, queueId } = await makePool(db, flow.workspaceId, 'pool')
  await makeDueRuns(db, flow, queueId, 10_000)
  const replicas = await Promise.all(
    [16, 17, 17].map((clients) => contender('runs', flow.workspaceId, poolId, clients)),
  )
  for (const replica of replicas) replica.start()
  const [victim] = replicas
  await victim?.hasPrinted(200)
  victim?.child.kill('SIGKILL')
  await Promise.all(replicas.map((replica) => replica.ended))

  const rows = await db.engine<{ runId: string; token: string; claims: number }[]>`
    select c.run_id, c.token, (
      select count(*)::int from flow_run_states s where s.workspace_id = c.workspace_id and s.run_id = c.run_id and s.type = 'PENDING') as claims
    from run_claims c where c.workspace_id = ${flow.workspaceId}`
  expect(rows).toHaveLength(10_000)
  expect(rows.filter((row) => row.claims !== 1)).toEqual([])
  const tokens = new Map(rows.map((row) => [row.runId, row.token]))
  const told = replicas.flatMap((replica) => replica.lines.filter((line) => line.length === 73))
  // What the victim was killed before it could say is claimed all the same: its lease will end.
  expect(new Set(told).size).toBe(told.length)
  expect(told.length).toBeGreaterThan(9_000)
  expect(told.every((line) => tokens.get(line.slice(0, 36)) === line.slice(37))).toBe(true)
})

test('200 clients in four processes, two of which are killed, never hold more slots than there are, and leave none behind', async () => {
  const { workspaceId } = await makeFlow(db)
  const limitId = await makeLimit(db, workspaceId, 'contended', 12)
  const replicas = await Promise.all([0, 1, 2, 3].map(() => contender('slots', workspaceId, 'contended', 50)))
  let most = 0
  let busy = true
  const auditor = (async () => {
    while (busy) {
      const [row] = await db.engine<{ slots: number }[]>`
        select coalesce(sum(slots), 0)::int as slots from slot_leases where workspace_id = ${workspaceId}`
      most = Math.max(most, row?.slots ?? 0)
    }
  })()
  for (const replica of replicas) replica.start()
  const served = (among: readonly Contender[], times: number): Promise<unknown> =>
    Promise.all(among.map((replica) => replica.hasPrinted(replica.lines.length + times)))
  // Nobody starves while others are served: all stand in one line.
  await served(replicas, 400)
  const shares = replicas.map((replica) => replica.lines.length)
  expect(Math.max(...shares), `shares of ${shares.join(', ')}`).toBeLessThan(2 * Math.min(...shares))
  // Those who were served most hold slots at this moment.
  const [first, second, ...others] = [...replicas].sort((a, b) => b.lines.length - a.lines.length)
  for (const replica of [first, second]) {
    replica?.child.kill('SIGKILL')
    await replica?.ended
  }
  // The others go on with what the dead have left them, places in the line among it.
  await served(others, 200)
  for (const replica of others) {
    replica.child.kill('SIGKILL')
    await replica.ended
  }
  busy = false
  await auditor
  expect(most).toBeGreaterThan(0)
  expect(most).toBeLessThanOrEqual(12)
  const scope = { db, engine: createEngine({ db, publish: () => {} }), nowMicros: () => nowMicros() + 61e6 }
  await repossessSlots.runOnce(scope)
  for (const left of [
    await db.engine`select id from slot_leases where limit_id = ${limitId}`,
    await db.engine`select id from slot_waiters where limit_id = ${limitId}`,
  ])
    expect(left).toEqual([])
})
