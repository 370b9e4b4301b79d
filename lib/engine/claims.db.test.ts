import { describe, expect, test } from 'vitest'
import { connectDatabase } from '../db/clients.ts'
import { uuidv7 } from '../db/uuid.ts'
import type { RawJson, StateType } from '../domain/state.ts'
import { testDatabase } from '../testing/database.ts'
import {
  anyClient,
  makeDeployment,
  makeDueRuns,
  makeFlow,
  makeLimit,
  makePool,
  makeQueue,
  newRun,
  proposed,
  type TestFlow,
} from '../testing/work.ts'
import type { ClaimRequest } from './claims.ts'
import { nowMicros } from './clock.ts'
import { createEngine } from './create-engine.ts'

const db = await testDatabase()
let ahead = 0
const engine = createEngine({ db, publish: () => {}, nowMicros: () => nowMicros() + ahead })

const request = (flow: TestFlow, workPoolId: string, more: Partial<ClaimRequest> = {}): ClaimRequest => ({
  workspaceId: flow.workspaceId,
  workPoolId,
  workQueueIds: null,
  runs: 'any',
  limit: 10,
  holder: { type: 'agent', id: null, name: 'a1' },
  seconds: 45,
  client: anyClient,
  ...more,
})

const set = (flow: TestFlow, runId: string, type: StateType, token?: string) =>
  engine.setFlowRunState({
    workspaceId: flow.workspaceId,
    runId,
    state: proposed(type, token === undefined ? {} : { details: { claim_token: token } }),
    policy: 'core',
    client: anyClient,
  })

const claimOf = async (runId: string) =>
  (
    await db.engine<
      { token: string; holderType: string; holderName: string; beatAt: string; expiresAt: string }[]
    >`
      select token, holder_type, holder_name, beat_at, expires_at from run_claims where run_id = ${runId}`
  )[0]

describe('claiming', () => {
  test('takes what is due, the most urgent queue first, then by time', async () => {
    const flow = await makeFlow(db)
    const { poolId, queueId } = await makePool(db, flow.workspaceId, 'pool')
    const later = await makeQueue(db, flow.workspaceId, poolId, 'later', 2)
    await makeDueRuns(db, flow, later, 2)
    await makeDueRuns(db, flow, queueId, 3)
    await engine.createFlowRun(
      newRun(flow, {
        workQueueId: queueId,
        state: proposed('SCHEDULED', { details: { scheduled_time: '2999-01-01T00:00:00Z' } }),
      }),
    )
    const first = await engine.claimFlowRuns(request(flow, poolId, { limit: 2 }))
    expect(first.map(({ run }) => run.name)).toEqual(['due-0', 'due-1'])
    expect(first[0]?.run.stateType).toBe('PENDING')
    expect(await claimOf(first[0]?.run.id ?? '')).toMatchObject({
      token: first[0]?.token,
      holderType: 'agent',
      holderName: 'a1',
    })
    const rest = await engine.claimFlowRuns(request(flow, poolId))
    expect(rest.map(({ run }) => [run.name, run.workQueueId])).toEqual([
      ['due-2', queueId],
      ['due-0', later],
      ['due-1', later],
    ])
    expect(await engine.claimFlowRuns(request(flow, poolId))).toEqual([])
  })

  test('leaves alone what is paused, what retries in its process, other queues and other tenants', async () => {
    const [flow, theirs] = [await makeFlow(db), await makeFlow(db)]
    const { poolId, queueId } = await makePool(db, flow.workspaceId, 'pool')
    await makeDueRuns(db, flow, queueId, 2)
    await db.engine`update flow_runs set empirical_policy = '{"retry_type": "in_process"}' where work_queue_id = ${queueId} and name = 'due-0'`
    await db.engine`update work_queues set is_paused = true where id = ${queueId}`
    expect(await engine.claimFlowRuns(request(flow, poolId))).toEqual([])
    await db.engine`update work_queues set is_paused = false where id = ${queueId}`
    expect(await engine.claimFlowRuns(request(flow, poolId, { workQueueIds: [uuidv7()] }))).toEqual([])
    expect(await engine.claimFlowRuns(request(theirs, poolId))).toEqual([])
    const claimed = await engine.claimFlowRuns(request(flow, poolId))
    expect(claimed.map(({ run }) => run.name)).toEqual(['due-1'])
  })

  test('hands nobody what it cannot run, and what cannot be told to everyone', async () => {
    const flow = await makeFlow(db)
    const { poolId, queueId } = await makePool(db, flow.workspaceId, 'pool')
    await makeDueRuns(db, flow, queueId, 4)
    for (const [run, entrypoint] of [
      ['due-0', 'etl.py:etl'],
      ['due-1', 'etl.ts:etl'],
      ['due-2', 'package.etl'],
    ] as const) {
      const deploymentId = await makeDeployment(db, flow, { entrypoint })
      await db.engine`update flow_runs set deployment_id = ${deploymentId} where work_queue_id = ${queueId} and name = ${run}`
    }
    const asked = await Promise.all(
      (['typescript', 'python', 'any'] as const).map((runs) =>
        engine.claimFlowRuns(request(flow, poolId, { runs })),
      ),
    )
    expect(asked.map((claims) => claims.map(({ run }) => run.name))).toEqual([
      ['due-1', 'due-2', 'due-3'],
      ['due-0'],
      [],
    ])
  })

  test('takes no more than pool, queue and deployment have slots', async () => {
    const flow = await makeFlow(db)
    const { poolId, queueId } = await makePool(db, flow.workspaceId, 'pool', { pool: 5, queue: 3 })
    const second = await makeQueue(db, flow.workspaceId, poolId, 'second', 2)
    await makeDueRuns(db, flow, queueId, 10)
    await makeDueRuns(db, flow, second, 10)
    const many = await Promise.all(
      Array.from({ length: 5 }, () => engine.claimFlowRuns(request(flow, poolId, { limit: 4 }))),
    )
    const queues = many.flat().map(({ run }) => run.workQueueId)
    expect([queues.filter((id) => id === queueId).length, queues.length]).toEqual([3, 5])

    const limitId = await makeLimit(db, flow.workspaceId, 'two', 2)
    const deploymentId = await makeDeployment(db, flow, { limitId })
    const open = await makePool(db, flow.workspaceId, 'open')
    await makeDueRuns(db, flow, open.queueId, 5)
    await db.engine`update flow_runs set deployment_id = ${deploymentId} where work_queue_id = ${open.queueId} and name <> 'due-4'`
    const claimed = await engine.claimFlowRuns(request(flow, open.poolId, { limit: 3 }))
    expect(claimed.map(({ run }) => run.name)).toEqual(['due-0', 'due-1', 'due-4'])
    const waiting = await db.engine`
      select name from flow_runs where work_queue_id = ${open.queueId} and state_name = 'AwaitingConcurrencySlot'`
    expect(waiting).toHaveLength(2)
  })

  test('of 50 claimers in three engines gives each of 2,000 runs to exactly one', {
    timeout: 120_000,
  }, async () => {
    const flow = await makeFlow(db)
    const { poolId, queueId } = await makePool(db, flow.workspaceId, 'pool')
    await makeDueRuns(db, flow, queueId, 2_000)
    const others = [0, 1].map(() => connectDatabase({ url: db.url, poolSize: 2 }))
    const engines = [engine, ...others.map((other) => createEngine({ db: other, publish: () => {} }))]
    const tokens = new Map<string, string>()
    let handedOut = 0
    const claimer = async (n: number): Promise<void> => {
      const its = engines[n % engines.length] ?? engine
      for (;;) {
        const claims = await its.claimFlowRuns(
          request(flow, poolId, { limit: 1 + (n % 40), holder: { type: 'agent', id: null, name: `a${n}` } }),
        )
        // Others may hold what is left only for a moment; but what they hold they get.
        if (claims.length === 0) return
        handedOut += claims.length
        for (const { run, token } of claims) tokens.set(run.id, token)
      }
    }
    await Promise.all(Array.from({ length: 50 }, (_, n) => claimer(n)))
    expect([handedOut, tokens.size]).toEqual([2_000, 2_000])
    const [kept] = await db.engine<{ claims: number; states: number }[]>`
      select (select count(*)::int from run_claims where workspace_id = ${flow.workspaceId}) as claims,
             (select count(*)::int from flow_run_states where workspace_id = ${flow.workspaceId} and type = 'PENDING') as states`
    expect(kept).toEqual({ claims: 2_000, states: 2_000 })
    const rows = await db.engine<{ runId: string; token: string }[]>`
      select run_id, token from run_claims where workspace_id = ${flow.workspaceId}`
    expect(rows.every((row) => tokens.get(row.runId) === row.token)).toBe(true)
    await Promise.all(others.map((other) => other.close()))
  })
})

describe('a beat', () => {
  const claimed = async () => {
    const flow = await makeFlow(db)
    const { poolId, queueId } = await makePool(db, flow.workspaceId, 'pool')
    await makeDueRuns(db, flow, queueId, 1)
    const [claim] = await engine.claimFlowRuns(request(flow, poolId))
    if (!claim) throw new Error('nothing was claimed')
    const beat = () =>
      engine.beat({ workspaceId: flow.workspaceId, runId: claim.run.id, token: claim.token, seconds: 45 })
    return { flow, poolId, id: claim.run.id, token: claim.token, beat }
  }

  test('keeps the claim alive, and asks to stop when the run is cancelled', async () => {
    const { flow, id, token, beat } = await claimed()
    const before = await claimOf(id)
    ahead = 10e6
    expect(await beat()).toEqual({ held: true, stop: false })
    ahead = 0
    const after = await claimOf(id)
    expect(after && before && after.beatAt > before.beatAt && after.expiresAt > before.expiresAt).toBe(true)
    await set(flow, id, 'RUNNING', token)
    await set(flow, id, 'CANCELLING')
    expect(await beat()).toEqual({ held: true, stop: true })
  })

  test('says who has the run when the claim is lost', async () => {
    const { flow, poolId, id, beat } = await claimed()
    await set(flow, id, 'SCHEDULED')
    expect(await beat()).toEqual({ held: false, reason: 'The run is Scheduled: nobody executes it.' })
    await engine.claimFlowRuns(request(flow, poolId, { holder: { type: 'agent', id: null, name: 'a2' } }))
    expect(await beat()).toEqual({ held: false, reason: 'The run was claimed anew by agent "a2".' })
    await db.engine`delete from flow_runs where id = ${id}`
    expect(await beat()).toEqual({ held: false, reason: 'The run was deleted.' })
  })

  test('of a run that is paused in its process says so: the process waits, and has the run when it goes on', async () => {
    const { flow, id, token, beat } = await claimed()
    await set(flow, id, 'RUNNING', token)
    const pause = (pause_reschedule: boolean) =>
      engine.setFlowRunState({
        workspaceId: flow.workspaceId,
        runId: id,
        state: proposed('PAUSED', { details: { claim_token: token, pause_reschedule } }),
        policy: 'core',
        client: anyClient,
      })
    expect((await pause(false)).verdict).toBe('ACCEPT')
    expect([await claimOf(id), await beat()]).toEqual([undefined, { held: true, stop: false }])
    await set(flow, id, 'RUNNING')
    expect(await beat()).toEqual({ held: true, stop: false })
    expect(await claimOf(id)).toMatchObject({
      token,
      beatAt: expect.any(String),
      expiresAt: expect.any(String),
    })
    // Suspended, nobody has it.
    await db.engine`update flow_runs set deployment_id = ${await makeDeployment(db, flow)} where id = ${id}`
    expect((await pause(true)).verdict).toBe('ACCEPT')
    expect(await beat()).toMatchObject({ held: false })
  })

  test('of the client in a run keeps a claim, also of a run that nobody claimed, and none after its end', async () => {
    const flow = await makeFlow(db)
    const { row } = await engine.createFlowRun(newRun(flow))
    const heartbeat = () =>
      engine.receiveEvents(flow.workspaceId, [
        {
          id: uuidv7(),
          event: 'prefect.flow-run.heartbeat',
          occurredMicros: nowMicros(),
          follows: null,
          resource: { 'prefect.resource.id': `prefect.flow-run.${row.id}` },
          related: [],
          payload: {},
          body: '{}' as RawJson,
        },
      ])
    await set(flow, row.id, 'RUNNING')
    await heartbeat()
    const claim = await claimOf(row.id)
    expect(claim).toMatchObject({ holderType: 'client', token: row.id })
    await heartbeat()
    const later = await claimOf(row.id)
    expect(later && claim && later.expiresAt > claim.expiresAt).toBe(true)
    expect((await set(flow, row.id, 'COMPLETED')).verdict).toBe('ACCEPT')
    expect(await claimOf(row.id)).toBeUndefined()
    await heartbeat()
    expect(await claimOf(row.id)).toBeUndefined()
  })
})
