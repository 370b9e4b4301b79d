import { beforeEach, describe, expect, test } from 'vitest'
import type { EmpiricalPolicy } from '../domain/orchestration/decide.ts'
import type { StateDetails, StateType } from '../domain/state.ts'
import { formatInstant } from '../domain/time.ts'
import { nowMicros } from '../engine/clock.ts'
import { createEngine } from '../engine/create-engine.ts'
import type { NewFlowRun } from '../engine/engine.ts'
import { testDatabase } from '../testing/database.ts'
import {
  anyClient,
  makeDeployment,
  makeFlow,
  makeLimit,
  newRun,
  newTaskRun,
  proposed,
  type TestFlow,
} from '../testing/work.ts'
import { cleanUpCancellations } from './clean-up-cancellations.ts'
import { enforceDeadlines } from './enforce-deadlines.ts'
import { expirePauses } from './expire-pauses.ts'
import { createMarkLateRuns } from './mark-late-runs.ts'

const db = await testDatabase()
/** Two replicas: an engine each, one clock that the tests move. */
let skippedMicros = 0
const clock = () => nowMicros() + skippedMicros
const replica = () => ({
  db,
  engine: createEngine({ db, publish: () => {}, nowMicros: clock }),
  nowMicros: clock,
})
const [here, there] = [replica(), replica()]
const pass = (seconds: number): void => {
  skippedMicros += seconds * 1_000_000
}
const inSeconds = (seconds: number): string => formatInstant(clock() + seconds * 1_000_000)

let flow: TestFlow
beforeEach(async () => {
  flow = await makeFlow(db)
})

const create = async (more: Partial<NewFlowRun> = {}): Promise<string> =>
  (await here.engine.createFlowRun(newRun(flow, more))).row.id

const propose = (runId: string, type: StateType, details: StateDetails = {}, name?: string) =>
  here.engine.setFlowRunState({
    workspaceId: flow.workspaceId,
    runId,
    state: proposed(type, { details, ...(name && { name }) }),
    policy: 'core',
    client: anyClient,
  })

const read = async (runId: string, table = 'flow_runs') => {
  const [row] = await db.engine<{ type: StateType; name: string; message: string; details: StateDetails }[]>`
    select state_type as type, state_name as name, state_message as message, state_details as details
    from ${db.engine(table)} where workspace_id = ${flow.workspaceId} and id = ${runId}`
  return row
}
const statesOf = async (runId: string): Promise<string[]> => {
  const rows = await db.engine<{ name: string }[]>`
    select name from flow_run_states where workspace_id = ${flow.workspaceId} and run_id = ${runId} order by at`
  return rows.map((row) => row.name)
}
const followUpsOf = async (runId: string): Promise<string[]> => {
  const rows = await db.engine<{ kind: string }[]>`
    select kind from run_follow_ups where workspace_id = ${flow.workspaceId} and run_id = ${runId} order by kind`
  return rows.map((row) => row.kind)
}

describe('late runs', () => {
  const scheduled = (seconds: number) => ({
    state: proposed('SCHEDULED', { details: { scheduled_time: inSeconds(seconds) } }),
  })

  test('are marked once, fifteen seconds after they were due, by any number of replicas', async () => {
    const due = await create(scheduled(-16))
    const almost = await create(scheduled(-14))
    const [one, two] = [createMarkLateRuns(), createMarkLateRuns()]
    await Promise.all([one.runOnce(here), two.runOnce(there), one.runOnce(here), two.runOnce(there)])
    expect(await statesOf(due)).toEqual(['Scheduled', 'Late'])
    expect(await statesOf(almost)).toEqual(['Scheduled'])
    expect((await read(due))?.details.scheduled_time).toBeDefined()
    pass(2)
    await one.runOnce(here)
    expect(await statesOf(almost)).toEqual(['Scheduled', 'Late'])
  })

  test('that were scheduled for the past are found by the sweep of the minute', async () => {
    const service = createMarkLateRuns()
    await service.runOnce(here)
    const old = await create(scheduled(-7_200))
    expect((await service.runOnce(here)).counts.marked).toBe(0)
    pass(61)
    await service.runOnce(here)
    expect(await statesOf(old)).toEqual(['Scheduled', 'Late'])
  })

  test('of more than one batch are all marked', async () => {
    await Promise.all(Array.from({ length: 450 }, () => create(scheduled(-20))))
    const service = createMarkLateRuns()
    let marked = 0
    for (;;) {
      const { counts, more } = await service.runOnce(here)
      marked += counts.marked ?? 0
      if (!more) break
    }
    expect(marked).toBe(450)
  })

  test('of a deployment that does not queue are cancelled when it is full', async () => {
    const limitId = await makeLimit(db, flow.workspaceId, 'one', 1)
    const deploymentId = await makeDeployment(db, flow, {
      limitId,
      options: { collision_strategy: 'CANCEL_NEW' },
    })
    const holder = await create({ ...scheduled(-20), deploymentId })
    await propose(holder, 'PENDING')
    const late = await create({ ...scheduled(-20), deploymentId })
    const turn = await createMarkLateRuns().runOnce(here)
    expect(turn.counts.cancelled).toBe(1)
    expect(await read(late)).toMatchObject({
      type: 'CANCELLED',
      message: 'Deployment concurrency limit reached.',
    })
    expect((await read(holder))?.type).toBe('PENDING')
  })

  test('that somebody claims in the same moment are left to whoever claimed them', async () => {
    const runs = await Promise.all(Array.from({ length: 20 }, () => create(scheduled(-20))))
    await Promise.all([createMarkLateRuns().runOnce(there), ...runs.map((run) => propose(run, 'PENDING'))])
    for (const run of runs) expect((await read(run))?.type).toBe('PENDING')
  })
})

describe('pauses', () => {
  const paused = async (timeoutSeconds: number): Promise<string> => {
    const run = await create()
    await propose(run, 'RUNNING')
    await propose(run, 'PAUSED', { pause_timeout: inSeconds(timeoutSeconds), pause_key: '1' })
    return run
  }

  test('that time out fail', async () => {
    const run = await paused(30)
    expect(await followUpsOf(run)).toEqual(['pause-timeout'])
    await expirePauses.runOnce(here)
    expect((await read(run))?.type).toBe('PAUSED')
    pass(31)
    await Promise.all([expirePauses.runOnce(here), expirePauses.runOnce(there)])
    expect(await read(run)).toMatchObject({
      type: 'FAILED',
      message: 'The flow was paused and never resumed.',
    })
    expect(await statesOf(run)).toEqual(['Pending', 'Running', 'Paused', 'Failed'])
    expect(await followUpsOf(run)).toEqual([])
  })

  test('that were resumed, or began anew, are left alone', async () => {
    const resumed = await paused(30)
    await propose(resumed, 'RUNNING')
    const again = await paused(30)
    await propose(again, 'RUNNING')
    await propose(again, 'PAUSED', { pause_timeout: inSeconds(600), pause_key: '2' })
    pass(31)
    await expirePauses.runOnce(here)
    expect((await read(resumed))?.type).toBe('RUNNING')
    expect((await read(again))?.type).toBe('PAUSED')
    expect(await followUpsOf(again)).toEqual(['pause-timeout'])
  })

  test('that are resumed at the instant of the time-out end in one of the two, never in between', async () => {
    const runs = await Promise.all(Array.from({ length: 20 }, () => paused(30)))
    pass(30)
    const [, ...resumed] = await Promise.all([
      expirePauses.runOnce(there),
      ...runs.map((run) => propose(run, 'RUNNING')),
    ])
    for (const [i, run] of runs.entries()) {
      const verdict = resumed[i]?.verdict
      expect((await read(run))?.type).toBe(verdict === 'ACCEPT' ? 'RUNNING' : 'FAILED')
    }
  })
})

describe('cancellations', () => {
  test('that nobody confirms are ended after five minutes', async () => {
    const run = await create()
    await propose(run, 'RUNNING')
    await propose(run, 'CANCELLING')
    pass(299)
    await cleanUpCancellations.runOnce(here)
    expect((await read(run))?.type).toBe('CANCELLING')
    pass(2)
    await Promise.all([cleanUpCancellations.runOnce(here), cleanUpCancellations.runOnce(there)])
    expect(await read(run)).toMatchObject({
      type: 'CANCELLED',
      message: 'Flow run cancellation timed out; marked this flow run as Cancelled.',
    })
    expect(await statesOf(run)).toEqual(['Pending', 'Running', 'Cancelling', 'Cancelled'])
  })

  test('reach task runs and sub-flows, down to the last generation', async () => {
    const parent = await create()
    await propose(parent, 'RUNNING')
    const { row: plain } = await here.engine.createTaskRun(newTaskRun(flow, parent, { dynamicKey: '0' }))
    const { row: standIn } = await here.engine.createTaskRun(newTaskRun(flow, parent, { dynamicKey: '1' }))
    const child = await create({ parentTaskRunId: standIn.id })
    await propose(child, 'RUNNING')
    const { row: childStandIn } = await here.engine.createTaskRun(
      newTaskRun(flow, child, { dynamicKey: '0' }),
    )
    const grandchild = await create({ parentTaskRunId: childStandIn.id })
    await propose(grandchild, 'RUNNING')
    const { row: done } = await here.engine.createTaskRun(newTaskRun(flow, parent, { dynamicKey: '2' }))
    await here.engine.setTaskRunState({
      workspaceId: flow.workspaceId,
      runId: done.id,
      state: proposed('COMPLETED'),
      policy: 'core',
      client: anyClient,
    })

    await propose(parent, 'CANCELLED')
    await cleanUpCancellations.runOnce(here)
    await cleanUpCancellations.runOnce(there)
    expect(await read(child)).toMatchObject({
      type: 'CANCELLED',
      message: 'The parent flow run was cancelled.',
    })
    expect((await read(grandchild))?.type).toBe('CANCELLED')
    for (const task of [plain, standIn, childStandIn]) {
      expect((await read(task.id, 'task_runs'))?.type).toBe('CANCELLED')
    }
    expect((await read(done.id, 'task_runs'))?.type).toBe('COMPLETED')
    // A second look, for what a client that had not heard yet began after the first.
    const { row: tardy } = await here.engine.createTaskRun(newTaskRun(flow, parent, { dynamicKey: '3' }))
    pass(61)
    await cleanUpCancellations.runOnce(here)
    expect((await read(tardy.id, 'task_runs'))?.type).toBe('CANCELLED')
    expect(await followUpsOf(parent)).toEqual([])
  })

  test('ask a sub-flow that has a process of its own to stop', async () => {
    const deploymentId = await makeDeployment(db, flow)
    const parent = await create()
    await propose(parent, 'RUNNING')
    const { row: standIn } = await here.engine.createTaskRun(newTaskRun(flow, parent))
    const child = await create({ parentTaskRunId: standIn.id, deploymentId })
    await propose(child, 'RUNNING')
    await propose(parent, 'CANCELLED')
    await cleanUpCancellations.runOnce(here)
    expect((await read(child))?.type).toBe('CANCELLING')
    expect((await read(standIn.id, 'task_runs'))?.type).toBe('CANCELLING')
  })

  test('leave the children of a run that runs again alone', async () => {
    const parent = await create()
    await propose(parent, 'RUNNING')
    const { row: task } = await here.engine.createTaskRun(newTaskRun(flow, parent))
    await propose(parent, 'CANCELLED')
    await propose(parent, 'RUNNING')
    await cleanUpCancellations.runOnce(here)
    expect((await read(task.id, 'task_runs'))?.type).toBe('PENDING')
  })
})

describe('deadlines', () => {
  const within = (policy: EmpiricalPolicy) => ({ empiricalPolicy: policy })

  test('to begin: a run that waits too long is cancelled, one that began is not', async () => {
    const scheduled = { state: proposed('SCHEDULED', { details: { scheduled_time: inSeconds(-1) } }) }
    const waiting = await create({ ...scheduled, ...within({ start_within_seconds: 60 }) })
    const begun = await create({ ...scheduled, ...within({ start_within_seconds: 60 }) })
    await propose(begun, 'PENDING')
    await propose(begun, 'RUNNING')
    pass(30)
    await enforceDeadlines.runOnce(here)
    expect((await read(waiting))?.type).toBe('SCHEDULED')
    pass(31)
    await Promise.all([enforceDeadlines.runOnce(here), enforceDeadlines.runOnce(there)])
    expect(await read(waiting)).toMatchObject({
      type: 'CANCELLED',
      message: expect.stringMatching(/^The run had to begin by .*, 60 s after it was expected to\.$/),
    })
    expect((await read(begun))?.type).toBe('RUNNING')
    expect(await followUpsOf(begun)).toEqual([])
  })

  test('to end: a run that takes too long is asked to stop, through retries and pauses', async () => {
    const run = await create(within({ finish_within_seconds: 60, retries: 1 }))
    await propose(run, 'RUNNING')
    const finishBy = (await read(run))?.details.finish_by
    pass(30)
    await propose(run, 'FAILED')
    await propose(run, 'RUNNING')
    expect((await read(run))?.details.finish_by).toBe(finishBy)
    pass(31)
    await Promise.all([enforceDeadlines.runOnce(here), enforceDeadlines.runOnce(there)])
    expect(await read(run)).toMatchObject({
      type: 'CANCELLING',
      message: expect.stringMatching(/^The run had to end by .*, 60 s after it began\.$/),
    })
    expect(await followUpsOf(run)).toEqual(['cancel-timeout'])
    // Its client may have died without anybody noticing, as those that send no beats do.
    pass(301)
    await cleanUpCancellations.runOnce(here)
    expect((await read(run))?.type).toBe('CANCELLED')
  })

  test('a run that ends at the instant of its deadline ends as it said', async () => {
    const runs = await Promise.all(
      Array.from({ length: 20 }, () => create(within({ finish_within_seconds: 10 }))),
    )
    await Promise.all(runs.map((run) => propose(run, 'RUNNING')))
    pass(11)
    const [, ...ends] = await Promise.all([
      enforceDeadlines.runOnce(there),
      ...runs.map((run) => propose(run, 'COMPLETED')),
    ])
    for (const [i, run] of runs.entries()) {
      const accepted = ends[i]?.verdict === 'ACCEPT'
      expect((await read(run))?.type).toBe(accepted ? 'COMPLETED' : 'CANCELLING')
    }
  })

  test('a run that is run again after its end gets a new one', async () => {
    const run = await create(within({ finish_within_seconds: 10 }))
    await propose(run, 'RUNNING')
    await propose(run, 'COMPLETED')
    pass(3_600)
    await propose(run, 'RUNNING')
    await enforceDeadlines.runOnce(here)
    expect((await read(run))?.type).toBe('RUNNING')
    pass(11)
    await enforceDeadlines.runOnce(here)
    expect((await read(run))?.type).toBe('CANCELLING')
  })
})
