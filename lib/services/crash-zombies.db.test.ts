import { beforeEach, describe, expect, test } from 'vitest'
import type { EmpiricalPolicy } from '../domain/orchestration/decide.ts'
import type { StateDetails, StateType } from '../domain/state.ts'
import { formatInstant } from '../domain/time.ts'
import { nowMicros } from '../engine/clock.ts'
import { createEngine } from '../engine/create-engine.ts'
import { testDatabase } from '../testing/database.ts'
import {
  anyClient,
  makeDeployment,
  makeFlow,
  makePool,
  newRun,
  proposed,
  type TestFlow,
  type TestPool,
} from '../testing/work.ts'
import { crashZombies } from './crash-zombies.ts'

const db = await testDatabase({ poolSize: 8 })
/** Two replicas: an engine each, one clock that the tests move. */
let skippedMicros = 0
const clock = () => nowMicros() + skippedMicros
const replica = () => ({
  db,
  engine: createEngine({ db, publish: () => {}, nowMicros: clock }),
  nowMicros: clock,
})
const [here, there] = [replica(), replica()]

/** Time goes by with the services at work, so that nothing looks like an outage. */
const pass = async (seconds: number): Promise<void> => {
  skippedMicros += seconds * 1_000_000
  await db.engine`
    insert into service_turns (name, at) values ('crash-zombies', ${formatInstant(clock())})
    on conflict (name) do update set at = excluded.at`
}

let flow: TestFlow
let pool: TestPool
beforeEach(async () => {
  flow = await makeFlow(db)
  pool = await makePool(db, flow.workspaceId, 'pool')
})

const LEASE_SECONDS = 45
const worker = { type: 'agent', id: null, name: 'worker-1' } as const

/** Runs that are claimed for 45 seconds, and running. */
async function claimed(
  count: number,
  policy: EmpiricalPolicy = {},
  until: 'PENDING' | 'RUNNING' = 'RUNNING',
): Promise<{ id: string; token: string }[]> {
  const deploymentId = await makeDeployment(db, flow, { queueId: pool.queueId })
  for (let n = 0; n < count; n++) {
    await here.engine.createFlowRun(
      newRun(flow, {
        deploymentId,
        workQueueId: pool.queueId,
        empiricalPolicy: policy,
        state: proposed('SCHEDULED', { details: { scheduled_time: formatInstant(clock() - 1) } }),
      }),
    )
  }
  return claimAndStart(count, until)
}

async function claimAndStart(
  count: number,
  until: 'PENDING' | 'RUNNING' = 'RUNNING',
): Promise<{ id: string; token: string }[]> {
  const claims = await here.engine.claimFlowRuns({
    workspaceId: flow.workspaceId,
    workPoolId: pool.poolId,
    workQueueIds: null,
    runs: 'any',
    limit: count,
    holder: worker,
    seconds: LEASE_SECONDS,
    client: anyClient,
  })
  expect(claims).toHaveLength(count)
  const runs = claims.map(({ run, token }) => ({ id: run.id, token }))
  if (until === 'RUNNING') await Promise.all(runs.map((run) => propose(run, 'RUNNING')))
  return runs
}

const propose = ({ id, token }: { id: string; token: string }, type: StateType, engine = here.engine) =>
  engine.setFlowRunState({
    workspaceId: flow.workspaceId,
    runId: id,
    state: proposed(type, { details: { claim_token: token } }),
    policy: 'core',
    client: anyClient,
  })

const beat = ({ id, token }: { id: string; token: string }) =>
  there.engine.beat({ workspaceId: flow.workspaceId, runId: id, token, seconds: LEASE_SECONDS })

const read = async (id: string) => {
  const [row] = await db.engine<
    { type: StateType; name: string; message: string; details: StateDetails & { lost?: object } }[]
  >`
    select state_type as type, state_name as name, state_message as message, state_details as details
    from flow_runs where workspace_id = ${flow.workspaceId} and id = ${id}`
  return row
}
const statesOf = async (id: string): Promise<string[]> => {
  const rows = await db.engine<{ name: string }[]>`
    select name from flow_run_states where workspace_id = ${flow.workspaceId} and run_id = ${id} order by at`
  return rows.map((row) => row.name)
}

describe('a run whose holder is silent', () => {
  test('is Crashed once, with what is known of the holder', async () => {
    const [run] = await claimed(1)
    if (!run) throw new Error('no run')
    await pass(LEASE_SECONDS - 1)
    await crashZombies.runOnce(here)
    expect((await read(run.id))?.type).toBe('RUNNING')
    await pass(2)
    await Promise.all([crashZombies.runOnce(here), crashZombies.runOnce(there)])
    expect(await read(run.id)).toMatchObject({
      type: 'CRASHED',
      message: expect.stringMatching(
        /^No sign of life from the agent worker-1 since \S+Z; its lease ended at \S+Z\.$/,
      ),
      details: {
        lost: {
          holder_type: 'agent',
          holder_name: 'worker-1',
          claim_token: run.token,
          last_beat_at: expect.any(String),
          lease_expired_at: expect.any(String),
        },
      },
    })
    expect(await statesOf(run.id)).toEqual(['Scheduled', 'Pending', 'Running', 'Crashed'])
    const [left] = await db.engine`select count(*)::int as n from run_claims where run_id = ${run.id}`
    expect(left?.n).toBe(0)
  })

  test('goes back to its queue where its deployment says so, three times', async () => {
    let [run] = await claimed(1, { on_lost: 'reschedule' })
    for (let n = 1; n <= 3; n++) {
      if (!run) throw new Error('no run')
      await pass(LEASE_SECONDS + 1)
      await crashZombies.runOnce(here)
      expect(await read(run.id)).toMatchObject({
        type: 'SCHEDULED',
        name: 'Rescheduled',
        message: expect.stringContaining(`Scheduled again (${n} of 3).`),
      })
      // The old holder comes back, and is told.
      const late = await propose(run, 'COMPLETED')
      expect(late.verdict).toBe('ABORT')
      ;[run] = await claimAndStart(1)
    }
    await pass(LEASE_SECONDS + 1)
    await crashZombies.runOnce(here)
    expect((await read(run?.id ?? ''))?.type).toBe('CRASHED')
  })

  test('before it began goes back to its queue in any case, and the old holder cannot begin it any more', async () => {
    const [run] = await claimed(1, { on_lost: 'crash' }, 'PENDING')
    if (!run) throw new Error('no run')
    await pass(LEASE_SECONDS + 1)
    await crashZombies.runOnce(here)
    expect(await read(run.id)).toMatchObject({ type: 'SCHEDULED', name: 'Rescheduled' })
    expect((await propose(run, 'RUNNING')).verdict).toBe('ABORT')
  })

  test('that was asked to stop is Cancelled', async () => {
    const [run] = await claimed(1)
    if (!run) throw new Error('no run')
    await propose(run, 'CANCELLING')
    await pass(LEASE_SECONDS + 1)
    await crashZombies.runOnce(here)
    expect((await read(run.id))?.type).toBe('CANCELLED')
  })
})

describe('a live or finished run is never marked dead', () => {
  test('when it beats at the instant at which its lease ends', async () => {
    const runs = await claimed(40)
    await pass(LEASE_SECONDS + 1)
    const [, , ...beats] = await Promise.all([
      crashZombies.runOnce(here),
      crashZombies.runOnce(there),
      ...runs.map((run) => beat(run)),
    ])
    for (const [i, run] of runs.entries()) {
      // Whoever was told that the claim is good has a running run; whoever was told that it is lost, a Crashed one.
      expect((await read(run.id))?.type, run.id).toBe(beats[i]?.held ? 'RUNNING' : 'CRASHED')
    }
    await crashZombies.runOnce(here)
    for (const [i, run] of runs.entries()) {
      if (beats[i]?.held) expect((await read(run.id))?.type).toBe('RUNNING')
    }
  })

  test('when it ends at the instant at which its lease ends', async () => {
    const runs = await claimed(40)
    await pass(LEASE_SECONDS + 1)
    const [, ...ends] = await Promise.all([
      crashZombies.runOnce(here),
      ...runs.map((run) => propose(run, 'COMPLETED', there.engine)),
    ])
    for (const [i, run] of runs.entries()) {
      expect(ends[i]?.verdict).toBe('ACCEPT')
      expect((await read(run.id))?.type, run.id).toBe('COMPLETED')
      expect((await statesOf(run.id)).at(-1)).toBe('Completed')
    }
  })

  test('when its beats come in time, however long it runs', async () => {
    const [run] = await claimed(1)
    if (!run) throw new Error('no run')
    for (let n = 0; n < 5; n++) {
      await pass(LEASE_SECONDS - 5)
      expect(await beat(run)).toEqual({ held: true, stop: false })
      await Promise.all([crashZombies.runOnce(here), crashZombies.runOnce(there)])
    }
    expect((await read(run.id))?.type).toBe('RUNNING')
  })

  test('when every replica was away, so that no beat could be heard', async () => {
    const [run] = await claimed(1)
    if (!run) throw new Error('no run')
    await crashZombies.runOnce(here)
    skippedMicros += 600_000_000
    const turns = await Promise.all([crashZombies.runOnce(here), crashZombies.runOnce(there)])
    // One of them gave all claims a new lease.
    expect(turns.filter(({ counts }) => counts.forgiven).length).toBe(1)
    expect(turns.map(({ counts }) => counts.lost)).toEqual([0, 0])
    expect((await read(run.id))?.type).toBe('RUNNING')
    expect(await beat(run)).toEqual({ held: true, stop: false })
    // Silence after that is silence.
    await pass(LEASE_SECONDS + 1)
    await crashZombies.runOnce(here)
    expect((await read(run.id))?.type).toBe('CRASHED')
  })
})
