import { describe, expect, test } from 'vitest'
import type { Database, Sql } from '../db/clients.ts'
import type { RawJson, StateType } from '../domain/state.ts'
import { testDatabase } from '../testing/database.ts'
import { anyClient, makeFlow, newRun, proposed, type TestFlow } from '../testing/work.ts'
import { nowMicros } from './clock.ts'
import { createEngine } from './create-engine.ts'
import type { Engine } from './engine.ts'

const db = await testDatabase()
/** A replica, which knows what it wrote itself. */
const replica = (): Engine => createEngine({ db, publish: () => {} })

const make = async (flow: TestFlow, engine: Engine): Promise<string> =>
  (await engine.createFlowRun(newRun(flow))).row.id

const propose = (engine: Engine, flow: TestFlow, runId: string, type: StateType) =>
  engine.setFlowRunState({
    workspaceId: flow.workspaceId,
    runId,
    state: proposed(type),
    policy: 'core',
    client: anyClient,
  })

const historyOf = async (runId: string): Promise<string[]> =>
  (await db.engine`select name from flow_run_states where run_id = ${runId} order by at, id`).map(
    (row) => row.name as string,
  )

const countsOf = (flow: TestFlow) => db.engine`
  select state_type, sum(runs)::int as runs from run_count_deltas where workspace_id = ${flow.workspaceId}
  group by 1 having sum(runs) <> 0 order by 1`

/** The database, and how often a transaction read runs before it wrote them. */
function watched(): { readonly db: Database; readonly looks: () => number } {
  let looks = 0
  const reserve = async () => {
    const session = await db.engine.reserve()
    const ask = (...args: Parameters<typeof session>) => {
      if ((args[0] as readonly string[])[0]?.trimStart().startsWith('select')) looks++
      return session(...args)
    }
    return Object.assign(ask, session)
  }
  const engine = Object.assign((...args: Parameters<Sql>) => db.engine(...args), db.engine, { reserve })
  // Safe: it is the pool, but that its sessions are looked at.
  return { db: { ...db, engine: engine as unknown as Sql }, looks: () => looks }
}

describe('a run that the server knows', () => {
  test('moves without being read', async () => {
    const flow = await makeFlow(db)
    const { db: counted, looks } = watched()
    const engine = createEngine({ db: counted, publish: () => {} })
    const id = await make(flow, engine)
    const before = looks()
    await propose(engine, flow, id, 'RUNNING')
    const done = await propose(engine, flow, id, 'COMPLETED')
    expect(done).toMatchObject({ verdict: 'ACCEPT', written: true })
    expect(looks()).toBe(before)
    expect(await historyOf(id)).toEqual(['Pending', 'Running', 'Completed'])
    expect(await countsOf(flow)).toEqual([{ stateType: 'COMPLETED', runs: 1 }])
    const [row] = await db.engine`
      select state_type, run_count, start_at is not null as started, end_at is not null as ended from flow_runs where id = ${id}`
    expect(row).toEqual({ stateType: 'COMPLETED', runCount: 1, started: true, ended: true })
    // What is over is forgotten.
    await propose(engine, flow, id, 'RUNNING')
    expect(looks()).toBe(before + 1)
  })

  test('is looked at again when another replica moved it meanwhile', async () => {
    const flow = await makeFlow(db)
    const [here, there] = [replica(), replica()]
    const id = await make(flow, here)
    await propose(there, flow, id, 'RUNNING')
    await propose(there, flow, id, 'CANCELLING')
    expect(await propose(here, flow, id, 'RUNNING')).toMatchObject({ state: { type: 'CANCELLING' } })
    expect(await historyOf(id)).toEqual(['Pending', 'Running', 'Cancelling'])
    expect(await countsOf(flow)).toEqual([{ stateType: 'CANCELLING', runs: 1 }])
  })

  test('is not found when it was deleted', async () => {
    const flow = await makeFlow(db)
    const engine = replica()
    const id = await make(flow, engine)
    await db.engine`delete from flow_runs where id = ${id}`
    await expect(propose(engine, flow, id, 'RUNNING')).rejects.toThrow(`Flow run with id ${id}`)
  })

  test('is looked at again when what it belongs to has changed', async () => {
    const flow = await makeFlow(db)
    const engine = replica()
    const id = await make(flow, engine)
    await db.engine`update flows set tags = '{new}' where id = ${flow.flowId}`
    await propose(engine, flow, id, 'RUNNING')
    const [event] = await db.engine<{ relatedIds: string[] }[]>`
      select related_ids from events where workspace_id = ${flow.workspaceId} and event = 'prefect.flow-run.Running'`
    expect(event?.relatedIds).toContain('prefect.tag.new')
  })

  test('closes the claim that its heartbeats made on another replica', async () => {
    const flow = await makeFlow(db)
    const engine = replica()
    const id = await make(flow, engine)
    await propose(engine, flow, id, 'RUNNING')
    await replica().receiveEvents(flow.workspaceId, [heartbeat(id)])
    expect(await claimsOf(flow)).toBe(1)
    await propose(engine, flow, id, 'COMPLETED')
    expect(await claimsOf(flow)).toBe(0)
  })

  test('waits for whoever is changing it, and then is looked at', async () => {
    const flow = await makeFlow(db)
    const engine = replica()
    const ids = await Promise.all(Array.from({ length: 5 }, () => make(flow, engine)))
    const other = await db.engine.reserve()
    await other`begin`
    await other`update flow_runs set name = 'renamed' where id = ${ids[2] as string}`
    const moved = Promise.all(ids.map((id) => propose(engine, flow, id, 'RUNNING')))
    await untilSomebodyWaits()
    await other`commit`
    other.release()
    for (const answer of await moved) expect(answer).toMatchObject({ verdict: 'ACCEPT', written: true })
    const events = await db.engine<{ facts: string }[]>`
      select facts from events where workspace_id = ${flow.workspaceId} and event = 'prefect.flow-run.Running'`
    expect(events).toHaveLength(5)
    expect(events.filter(({ facts }) => facts.includes('renamed'))).toHaveLength(1)
    expect(await countsOf(flow)).toEqual([{ stateType: 'RUNNING', runs: 5 }])
  })
})

test('three replicas that move the same runs at once lose no state and count none twice', async () => {
  const flow = await makeFlow(db)
  const replicas = Array.from({ length: 3 }, replica)
  const ids = await Promise.all(Array.from({ length: 20 }, (_, i) => make(flow, replicas[i % 3] as Engine)))
  const steps: StateType[] = ['RUNNING', 'PENDING', 'CANCELLING', 'RUNNING', 'SCHEDULED', 'COMPLETED']
  const written = new Map<string, number>(ids.map((id) => [id, 1]))
  await Promise.all(
    steps.flatMap((type, n) =>
      ids.map(async (id, i) => {
        const answer = await propose(replicas[(i * 7 + n) % 3] as Engine, flow, id, type)
        if (answer.written) written.set(id, (written.get(id) ?? 0) + 1)
      }),
    ),
  )
  for (const id of ids) {
    const [last] = await db.engine<{ stateId: string; newest: string; states: number }[]>`
      select r.state_id, count(s.*)::int as states, (array_agg(s.id order by s.at desc, s.id desc))[1] as newest
      from flow_runs r join flow_run_states s on s.run_id = r.id where r.id = ${id} group by r.state_id`
    expect(last?.states).toBe(written.get(id))
    expect(last?.stateId).toBe(last?.newest)
  }
  const [sum] = await db.engine`
    select sum(runs)::int as runs from run_count_deltas where workspace_id = ${flow.workspaceId}`
  expect(sum?.runs).toBe(ids.length)
  expect(await countsOf(flow)).toEqual(
    await db.engine`select state_type, count(*)::int as runs from flow_runs where flow_id = ${flow.flowId} group by 1 order by 1`,
  )
})

const heartbeat = (runId: string) => ({
  id: crypto.randomUUID(),
  event: 'prefect.flow-run.heartbeat',
  occurredMicros: nowMicros(),
  resource: { 'prefect.resource.id': `prefect.flow-run.${runId}` },
  related: [],
  payload: {},
  body: '{}' as RawJson,
  follows: null,
})

const claimsOf = async (flow: TestFlow): Promise<number> =>
  (await db.engine`select 1 from run_claims where workspace_id = ${flow.workspaceId}`).length

async function untilSomebodyWaits(): Promise<void> {
  for (;;) {
    const [waiting] = await db.engine`select 1 from pg_locks where not granted limit 1`
    if (waiting) return
  }
}
