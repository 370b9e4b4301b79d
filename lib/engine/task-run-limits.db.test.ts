import { describe, expect, test } from 'vitest'
import type { RawJson, StateType } from '../domain/state.ts'
import { testDatabase } from '../testing/database.ts'
import { makeFlow, makeLimit, newRun, proposed, type TestFlow } from '../testing/work.ts'
import { createEngine } from './create-engine.ts'

const db = await testDatabase()
const engine = createEngine({ db, publish: () => {} })
const client = { apiVersion: [0, 8, 4], clientVersion: '2.20.0' } as const

const runningFlow = async () => {
  const flow = await makeFlow(db)
  const { row } = await engine.createFlowRun(newRun(flow, { state: proposed('RUNNING') }))
  return { flow, flowRunId: row.id }
}

let made = 0
const task = async (
  { flow, flowRunId }: Awaited<ReturnType<typeof runningFlow>>,
  tags: readonly string[],
) => {
  const { row } = await engine.createTaskRun({
    workspaceId: flow.workspaceId,
    id: null,
    flowRunId,
    taskKey: 'task',
    dynamicKey: String(made++),
    name: null,
    taskVersion: null,
    cacheKey: null,
    cacheExpirationMicros: null,
    empiricalPolicy: {},
    tags,
    labels: {},
    taskInputs: '{}' as RawJson,
    state: null,
    client,
  })
  return row.id
}

const set = (flow: TestFlow, runId: string, type: StateType) =>
  engine.setTaskRunState({
    workspaceId: flow.workspaceId,
    runId,
    state: proposed(type),
    policy: 'core',
    client,
  })

const held = async (limitId: string) =>
  (
    await db.engine<
      { holderId: string }[]
    >`select holder_id from slot_leases where limit_id = ${limitId} order by held_since`
  ).map((row) => row.holderId)

describe('limits on tags', () => {
  test('let no more tasks run at once than they have slots', async () => {
    const run = await runningFlow()
    const limitId = await makeLimit(db, run.flow.workspaceId, 'tag:db', 3)
    const ids = await Promise.all(Array.from({ length: 12 }, () => task(run, ['db', 'other'])))
    const answers = await Promise.all(ids.map((id) => set(run.flow, id, 'RUNNING')))
    const waiting = answers.filter(({ verdict }) => verdict === 'WAIT')
    expect(waiting).toHaveLength(9)
    expect(waiting[0]).toMatchObject({ delaySeconds: 2, reason: expect.stringContaining('"db"') })
    const running = await held(limitId)
    expect(running).toHaveLength(3)
    await set(run.flow, running[0] ?? '', 'COMPLETED')
    expect(await held(limitId)).toHaveLength(2)
    const next = ids.find((id) => !running.includes(id)) ?? ''
    expect((await set(run.flow, next, 'RUNNING')).verdict).toBe('ACCEPT')
    // Running again takes no second slot.
    expect((await set(run.flow, next, 'RUNNING')).verdict).toBe('ACCEPT')
    expect(await held(limitId)).toHaveLength(3)
  })

  test('are taken all at once or not at all', async () => {
    const run = await runningFlow()
    const [wide, narrow] = [
      await makeLimit(db, run.flow.workspaceId, 'tag:wide', 5),
      await makeLimit(db, run.flow.workspaceId, 'tag:narrow', 1),
    ]
    const [first, second] = [await task(run, ['wide', 'narrow']), await task(run, ['narrow', 'wide'])]
    await set(run.flow, first, 'RUNNING')
    expect((await set(run.flow, second, 'RUNNING')).verdict).toBe('WAIT')
    expect([await held(wide), await held(narrow)]).toEqual([[first], [first]])
    await set(run.flow, first, 'FAILED')
    expect([await held(wide), await held(narrow)]).toEqual([[], []])
  })

  test('of 0 slots refuse, and switched off they are none', async () => {
    const run = await runningFlow()
    const limitId = await makeLimit(db, run.flow.workspaceId, 'tag:shut', 0)
    const id = await task(run, ['shut'])
    const refused = await set(run.flow, id, 'RUNNING')
    expect([refused.verdict, refused.reason]).toEqual(['ABORT', expect.stringContaining('deadlock')])
    await db.engine`update concurrency_limits set active = false where id = ${limitId}`
    expect((await set(run.flow, id, 'RUNNING')).verdict).toBe('ACCEPT')
  })

  test('of another tenant hold nobody back', async () => {
    const [run, theirs] = [await runningFlow(), await makeFlow(db)]
    await makeLimit(db, theirs.workspaceId, 'tag:db', 0)
    expect((await set(run.flow, await task(run, ['db']), 'RUNNING')).verdict).toBe('ACCEPT')
  })
})

test('a flow that old clients retry finds its failed tasks waiting for the next attempt', async () => {
  const ancient = { apiVersion: [0, 8, 0], clientVersion: '2.0.4' } as const
  const flow = await makeFlow(db)
  const { row } = await engine.createFlowRun(
    newRun(flow, { state: proposed('RUNNING'), empiricalPolicy: { retries: 1 } }),
  )
  const run = { flow, flowRunId: row.id }
  const [failed, done] = [await task(run, []), await task(run, [])]
  for (const [id, type] of [
    [failed, 'FAILED'],
    [done, 'COMPLETED'],
  ] as const) {
    await set(flow, id, 'RUNNING')
    await set(flow, id, type)
  }
  const answer = await engine.setFlowRunState({
    workspaceId: flow.workspaceId,
    runId: row.id,
    state: proposed('FAILED'),
    policy: 'core',
    client: ancient,
  })
  expect(answer.state?.name).toBe('AwaitingRetry')
  const tasks = await db.engine`
    select id, state_name, run_count, next_scheduled_start_at is not null as waits from task_runs where flow_run_id = ${row.id} order by created_at`
  expect(tasks).toEqual([
    { id: failed, stateName: 'AwaitingRetry', runCount: 0, waits: true },
    { id: done, stateName: 'Completed', runCount: 1, waits: false },
  ])
})
