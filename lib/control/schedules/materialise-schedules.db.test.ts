import { beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { uuidv7 } from '../../db/uuid.ts'
import type { Change } from '../../domain/change.ts'
import type { CatchUpPolicy } from '../../domain/schedules/catch-up.ts'
import { formatInstant } from '../../domain/time.ts'
import { createEngine } from '../../engine/create-engine.ts'
import { createMarkLateRuns } from '../../services/mark-late-runs.ts'
import { scheduleRuns } from '../../services/schedule-runs.ts'
import { testDatabase } from '../../testing/database.ts'
import { ownWorkspace } from '../../testing/owner.ts'
import { anyClient, makePool, proposed } from '../../testing/work.ts'
import type { Context } from '../context.ts'
import { createDeployment } from '../deployments/create-deployment.ts'
import { deleteDeployment } from '../deployments/delete-deployments.ts'
import { pauseDeployment, resumeDeployment } from '../deployments/switch-deployment.ts'
import { updateDeployment } from '../deployments/update-deployment.ts'
import { addFlowRunLabels, updateFlowRun } from '../flow-runs/update-flow-run.ts'
import { materialiseSchedules, SCHEDULES_AT_ONCE } from './materialise-schedules.ts'
import { updateSchedule } from './update-schedule.ts'

const db = await testDatabase({ poolSize: 8 })
const HOUR = 3_600_000_000
const START = Date.UTC(2026, 2, 1, 0, 30) * 1_000
let now = START
const announced: Change[] = []
const engine = createEngine({ db, publish: (_, changes) => announced.push(...changes), nowMicros: () => now })
const scope = { db, engine, nowMicros: () => now }
const turn = () => scheduleRuns.runOnce(scope)
/** Turns until there is nothing to do. */
async function settle(): Promise<void> {
  while ((await turn()).more) {}
}

const flowId = uuidv7()
const ctx: Context = { ...(await ownWorkspace(db)), nowMicros: () => now }
const { workspaceId } = ctx

beforeAll(async () => {
  await db.engine`insert into flows (workspace_id, id, name) values (${workspaceId}, ${flowId}, 'f')`
  // The partitions of the days that the clock of these tests shows.
  for (const weeks of [0, 1, 2, 3, 4, 5])
    await db.engine`select ensure_history_partitions(${formatInstant(START + weeks * 168 * HOUR)})`
})
beforeEach(async () => {
  await db.engine`delete from deployments`
  await db.engine`delete from flow_runs`
  await db.engine`delete from run_count_deltas`
  await db.engine`delete from service_turns`
  announced.length = 0
  now = START
})

let made = 0
const deploy = async (schedule: object, more: { catchUp?: CatchUpPolicy; maxScheduledRuns?: number } = {}) =>
  (
    await createDeployment(ctx, engine, {
      flowId,
      name: `d${++made}`,
      schedules: [{ schedule: { ...schedule }, ...more }],
    })
  ).row
const hourly = { cron: '0 * * * *', timezone: 'UTC' }

interface Run {
  readonly at: string
  readonly state: string
  readonly message: string
  readonly key: string
}
const runsOf = (id: string) => db.engine<Run[]>`
  select expected_start_at as at, state_name as state, state_message as message, idempotency_key as key from flow_runs
  where deployment_id = ${id} order by expected_start_at`
const hoursOf = async (id: string, state?: string) =>
  (await runsOf(id))
    .filter((run) => !state || run.state === state)
    .map((run) => Number(run.at.slice(8, 10)) * 24 - 24 + Number(run.at.slice(11, 13)))
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)
const counted = async () => {
  const [row] = await db.engine<{ rolled: number; rows: number }[]>`
    select (select coalesce(sum(runs), 0)::int from run_count_deltas) as rolled, (select count(*)::int from flow_runs) as rows`
  return row
}

describe('a schedule', () => {
  test('has runs the moment it is written, which pages hear of, and needs no second look', async () => {
    const { id } = await deploy(hourly)
    expect(await hoursOf(id)).toEqual([1, 2, 3])
    const told = announced.filter((change) => change.kind === 'flow-run')
    expect(told).toHaveLength(3)
    expect(told[0]).toMatchObject({ deploymentId: id, stateName: 'Scheduled', tags: ['auto-scheduled'] })
    expect((await turn()).counts).toEqual({ schedules: 0, runs: 0, skipped: 0 })
    expect(await counted()).toEqual({ rolled: 3, rows: 3 })
  })

  test('has a run for every fire time, once, however often it is looked at', async () => {
    const [cron, interval] = [
      await deploy(hourly),
      await deploy({ interval: 1_800, anchor_date: formatInstant(START) }),
    ]
    for (let step = 0; step < 60; step++) {
      now += (7 + ((step * 17) % 49)) * 60_000_000
      await settle()
    }
    const hours = Math.floor((now - START + 30 * 60_000_000) / HOUR)
    expect(await hoursOf(cron.id)).toEqual(range(1, hours + 3))
    const times = (await runsOf(interval.id)).map((run) => Date.parse(run.at))
    expect(times).toEqual(range(0, times.length - 1).map((i) => START / 1_000 + (i + 1) * 1_800_000))
    expect(times.length).toBeGreaterThan(2 * hours)
  })

  test('is made ahead three runs and an hour, a hundred at most, or as it says', async () => {
    const ahead = async (schedule: object, maxScheduledRuns?: number) =>
      (await runsOf((await deploy(schedule, maxScheduledRuns ? { maxScheduledRuns } : {})).id)).length
    expect(await ahead({ cron: '0 9 15 * *' })).toBe(3)
    expect(await ahead({ cron: '* * * * *' })).toBeGreaterThanOrEqual(60)
    expect(await ahead({ interval: 1 })).toBe(100)
    expect(await ahead({ interval: 0.000001 })).toBe(100)
    expect(await ahead(hourly, 2)).toBe(2)
    // None in the next hundred days, and none ever again.
    expect(await ahead({ cron: '0 0 1 12 *' })).toBe(0)
    expect(await ahead({ rrule: 'DTSTART:20200101T000000\nFREQ=DAILY;COUNT=2' })).toBe(0)
    expect(await ahead({ rrule: 'DTSTART:20260301T010000\nFREQ=DAILY;COUNT=2' })).toBe(2)
    now += HOUR
    await settle()
    expect((await turn()).counts.schedules).toBe(0)
  })

  test('that fires faster than anybody can follow costs a turn a second and records no downtime', async () => {
    const { id } = await deploy({ interval: 0.001 })
    for (let step = 0; step < 5; step++) {
      now += 1_000_000
      await settle()
    }
    expect(await hoursOf(id, 'Skipped')).toEqual([])
    expect((await runsOf(id)).length).toBeLessThanOrEqual(700)
  })
})

describe('after a downtime', () => {
  // Runs of 01:00 to 03:00 were made before; those ahead are scheduled in any case.
  test.each<[CatchUpPolicy | undefined, run: number[]]>([
    [undefined, [1, 2, 3]],
    [{ kind: 'late' }, [1, 2, 3]],
    [{ kind: 'none' }, []],
    [{ kind: 'latest' }, [10]],
    [{ kind: 'last', count: 3 }, [8, 9, 10]],
    [{ kind: 'last', count: 8 }, range(3, 10)],
    [{ kind: 'all' }, range(1, 10)],
  ])('%j', async (catchUp, run) => {
    const { id } = await deploy(hourly, catchUp ? { catchUp } : {})
    await turn()
    const before = (await runsOf(id)).map((row) => row.key)
    now += 10 * HOUR
    await settle()
    expect(await hoursOf(id, 'Scheduled')).toEqual([...run, 11, 12, 13])
    expect(await hoursOf(id, 'Skipped')).toEqual(range(1, 10).filter((hour) => !run.includes(hour)))
    const rows = await runsOf(id)
    for (const skip of rows.filter((row) => row.state === 'Skipped'))
      expect(skip.message).toContain('catch-up policy')
    // What was made stays the run that it was, whatever becomes of it.
    expect(rows.slice(0, 3).map((row) => row.key)).toEqual(before)
    await settle()
    expect(await counted()).toEqual({ rolled: 13, rows: 13 })
    expect(await pending(id)).toEqual({ away: null, isDue: false })
  })

  const pending = async (id: string) =>
    (
      await db.engine<{ away: string | null; isDue: boolean }[]>`
        select away::text as away, look_at <= ${formatInstant(now)} as is_due from deployment_schedules where deployment_id = ${id}`
    )[0]

  test.each<[CatchUpPolicy, stays: number[]]>([
    [{ kind: 'late' }, [1, 2]],
    [{ kind: 'none' }, []],
    // 03:00 is the latest that was missed, and is being run.
    [{ kind: 'latest' }, []],
    [{ kind: 'last', count: 2 }, [2]],
    [{ kind: 'all' }, [1, 2]],
  ])('a run that a worker claimed meanwhile is left alone, and counts: %j', async (catchUp, stays) => {
    const { poolId, queueId } = await makePool(db, workspaceId, `p${++made}`)
    const { id } = await deploy(hourly, { catchUp })
    await turn()
    now += 160 * 60_000_000
    await db.engine`update flow_runs set work_queue_id = ${queueId} where deployment_id = ${id} and expected_start_at = ${formatInstant(START + 2.5 * HOUR)}`
    const [claim] = await engine.claimFlowRuns({
      workspaceId,
      workPoolId: poolId,
      workQueueIds: null,
      runs: 'any',
      limit: 1,
      holder: { type: 'agent', id: null, name: 'w' },
      seconds: 60,
      client: anyClient,
    })
    expect(claim?.run.id).toBeDefined()
    await settle()
    const rows = await runsOf(id)
    expect(rows.find((row) => row.at.includes('T03'))?.state).toBe('Pending')
    expect((await hoursOf(id, 'Scheduled')).filter((hour) => hour < 3)).toEqual(stays)
  })

  test('runs that somebody edited or put off stay', async () => {
    const { id } = await deploy(hourly, { catchUp: { kind: 'none' } })
    await turn()
    const [first, second] = await db.engine<{ id: string }[]>`
      select id from flow_runs where deployment_id = ${id} order by expected_start_at`
    await updateFlowRun(ctx, { id: first?.id ?? '', name: 'mine' })
    await engine.setFlowRunState({
      workspaceId,
      runId: second?.id ?? '',
      state: proposed('SCHEDULED', { details: { scheduled_time: formatInstant(now + 2 * HOUR) } }),
      policy: 'core',
      client: anyClient,
    })
    now += 10 * HOUR
    await settle()
    expect(await hoursOf(id, 'Scheduled')).toEqual([1, 2, 11, 12, 13])
  })

  test('runs that somebody edited stay, also where they were marked late before the scheduler had its turn', async () => {
    const { id } = await deploy(hourly, { catchUp: { kind: 'none' } })
    await turn()
    const [first, second] = await db.engine<{ id: string }[]>`
      select id from flow_runs where deployment_id = ${id} order by expected_start_at`
    await updateFlowRun(ctx, { id: first?.id ?? '', name: 'mine' })
    await addFlowRunLabels(ctx, second?.id ?? '', { mine: true })
    now += 10 * HOUR
    while ((await createMarkLateRuns().runOnce(scope)).counts.marked) {}
    await settle()
    expect(await hoursOf(id, 'Late')).toEqual([1, 2])
    expect(await hoursOf(id, 'Skipped')).toEqual(range(3, 10))
  })

  test('that is none, a blip of a few seconds, everything runs', async () => {
    const { id } = await deploy(
      { interval: 2, anchor_date: formatInstant(START) },
      { catchUp: { kind: 'none' } },
    )
    for (const seconds of [1, 14, 5]) {
      await turn()
      now += seconds * 1_000_000
    }
    await settle()
    expect((await runsOf(id)).filter((run) => run.state === 'Skipped')).toEqual([])
    now += 60_000_000
    await settle()
    const skipped = (await runsOf(id)).filter((run) => run.state === 'Skipped')
    // What fell due before the outage is late, and still runs.
    expect(skipped).toHaveLength(30)
    expect(skipped[0]?.at).toBe('2026-03-01T00:30:22Z')
  })

  test('runs that were marked late before the scheduler had its turn are skipped too, once by all replicas', async () => {
    const ids: string[] = []
    for (let i = 0; i < 5; i++) ids.push((await deploy(hourly, { catchUp: { kind: 'latest' } })).id)
    await turn()
    now += 2 * HOUR
    while ((await createMarkLateRuns().runOnce(scope)).counts.marked) {}
    announced.length = 0
    const turns = await Promise.all([turn(), turn(), turn()])
    await settle()
    for (const id of ids) {
      expect(await hoursOf(id, 'Skipped')).toEqual([1])
      expect(await hoursOf(id, 'Late')).toEqual([2])
    }
    expect(turns.reduce((sum, { counts }) => sum + (counts.skipped ?? 0), 0)).toBe(5)
    expect(
      announced.filter((change) => change.kind === 'flow-run' && change.stateName === 'Skipped'),
    ).toHaveLength(5)
    const left = await counted()
    expect(left?.rolled).toBe(left?.rows)
  })

  test('what a replica began and died of, another one ends', async () => {
    const { id } = await deploy(hourly, { catchUp: { kind: 'latest' } })
    await turn()
    now += 10 * HOUR
    const dies = { ...engine, setFlowRunState: () => Promise.reject(new Error('killed')) }
    await expect(scheduleRuns.runOnce({ ...scope, engine: dies })).rejects.toThrow()
    expect(await hoursOf(id, 'Scheduled')).toEqual([1, 2, 3, 10, 11, 12, 13])
    now += 90_000_000
    await settle()
    expect(await hoursOf(id, 'Scheduled')).toEqual([10, 11, 12, 13])
    expect(await pending(id)).toEqual({ away: null, isDue: false })
  })

  test('of a month, the latest hundred are recorded, and the rest told of', async () => {
    const { id } = await deploy({ cron: '* * * * *', timezone: 'UTC' })
    now += 30 * 24 * HOUR
    await settle()
    const skipped = (await runsOf(id)).filter((run) => run.state === 'Skipped')
    expect(skipped).toHaveLength(100)
    expect(skipped[0]?.message).toMatch(/At least \d{4,} earlier times/)
  })
})

describe('unpausing', () => {
  test.each<[CatchUpPolicy, run: number[]]>([
    [{ kind: 'none' }, []],
    [{ kind: 'latest' }, [5]],
    [{ kind: 'all' }, [2, 3, 4, 5]],
  ])('launches no backlog but what %j asks for', async (catchUp, run) => {
    const { id } = await deploy(hourly, { catchUp })
    now += HOUR
    await settle()
    await pauseDeployment(ctx, engine, id)
    // The run of 01:00 was overdue and nobody had taken it; it is missed like those that came later.
    expect(await hoursOf(id)).toEqual([])
    now += 4 * HOUR
    await settle()
    expect(await hoursOf(id)).toEqual([])
    await resumeDeployment(ctx, engine, id)
    const all = catchUp.kind === 'all' ? [1, ...run] : run
    expect(await hoursOf(id, 'Scheduled')).toEqual([...all, 6, 7, 8])
    expect(await hoursOf(id, 'Skipped')).toEqual(range(1, 5).filter((hour) => !all.includes(hour)))
  })

  test.each<[CatchUpPolicy, run: number[]]>([
    [{ kind: 'late' }, []],
    [{ kind: 'none' }, []],
    [{ kind: 'last', count: 2 }, [4, 5]],
  ])('one schedule does neither: %j', async (catchUp, run) => {
    const { id, schedules } = await deploy(hourly, { catchUp })
    const which = { deploymentId: id, id: schedules[0]?.id ?? '' }
    now += HOUR
    await settle()
    await updateSchedule(ctx, engine, which, { active: false })
    now += 4 * HOUR
    await settle()
    await updateSchedule(ctx, engine, which, { active: true })
    expect(await hoursOf(id, 'Scheduled')).toEqual([...run, 6, 7, 8])
    expect(await hoursOf(id, 'Skipped')).toEqual(range(1, 5).filter((hour) => !run.includes(hour)))
  })

  test('is told to pages: runs that are taken back go', async () => {
    const { id } = await deploy(hourly)
    announced.length = 0
    await pauseDeployment(ctx, engine, id)
    expect(announced.filter((change) => change.kind === 'deleted')).toHaveLength(3)
    expect(await counted()).toEqual({ rolled: 0, rows: 0 })
  })
})

test('an edit keeps runs that are overdue, and makes those ahead anew', async () => {
  const { id } = await deploy(hourly)
  now += HOUR
  await settle()
  await updateDeployment(ctx, engine, id, { tags: ['new'] })
  expect(await hoursOf(id)).toEqual([1, 2, 3, 4])
  const tags = await db.engine<{ tags: string[] }[]>`
    select tags from flow_runs where deployment_id = ${id} order by expected_start_at`
  expect(tags.map((row) => row.tags.includes('new'))).toEqual([false, true, true, true])
  expect(await counted()).toEqual({ rolled: 4, rows: 4 })
})

test('replicas that look at the same time share the work', async () => {
  const ids: string[] = []
  for (let i = 0; i < 60; i++) ids.push((await deploy(hourly)).id)
  now += 2 * HOUR
  const turns = await Promise.all([turn(), turn(), turn(), turn()])
  await settle()
  expect(turns.reduce((sum, { counts }) => sum + (counts.schedules ?? 0), 0)).toBeLessThanOrEqual(60)
  for (const id of ids) expect(await hoursOf(id)).toEqual([1, 2, 3, 4, 5])
})

test('an edit and a new schedule have their runs while a turn over many others is under way', async () => {
  const mine = (await deploy(hourly)).id
  const backlogFlow = uuidv7()
  await db.engine`insert into flows (workspace_id, id, name) values (${workspaceId}, ${backlogFlow}, 'backlog')`
  // More than a turn takes in one transaction.
  await db.engine`
    with made as (
      insert into deployments (workspace_id, id, flow_id, name)
      select ${workspaceId}, gen_random_uuid(), ${backlogFlow}, 'backlog-' || n from generate_series(1, ${SCHEDULES_AT_ONCE + 100}) n
      returning workspace_id, id)
    insert into deployment_schedules (workspace_id, deployment_id, id, schedule, scheduled_until, look_at)
    select workspace_id, id, gen_random_uuid(), ${db.engine.json(hourly)}, ${formatInstant(now)}, ${formatInstant(now)} from made`
  // Whoever makes runs of this flow waits for this transaction.
  const holder = await db.engine.reserve()
  const [me] = await holder<{ pid: number }[]>`select pg_backend_pid() as pid`
  await holder`begin`
  await holder`select id from flows where id = ${backlogFlow} for update`
  const backlog = turn()
  try {
    await vi.waitUntil(
      async () => {
        const [row] = await db.engine<{ waits: boolean }[]>`
          select exists (select from pg_stat_activity where ${me?.pid ?? 0} = any(pg_blocking_pids(pid))) as waits`
        return row?.waits
      },
      { timeout: 60_000 },
    )
    await updateDeployment(ctx, engine, mine, { tags: ['edited'] })
    const { id } = await deploy(hourly)
    expect(await hoursOf(mine)).toEqual([1, 2, 3])
    expect(await hoursOf(id)).toEqual([1, 2, 3])
  } finally {
    await holder`rollback`
    holder.release()
  }
  expect((await backlog).counts).toMatchObject({ schedules: SCHEDULES_AT_ONCE + 100, skipped: 0 })
})

test('a pause that meets a turn leaves nothing scheduled', async () => {
  const { id } = await deploy(hourly)
  for (let round = 0; round < 10; round++) {
    now += 2 * HOUR
    await Promise.all([turn(), pauseDeployment(ctx, engine, id), turn()])
    expect(await hoursOf(id, 'Scheduled')).toEqual([])
    await Promise.all([turn(), resumeDeployment(ctx, engine, id)])
    expect((await hoursOf(id, 'Scheduled')).length).toBeGreaterThanOrEqual(3)
  }
})

test('a deployment that is deleted while it is scheduled is gone, and nobody waits for anybody', async () => {
  for (let round = 0; round < 5; round++) {
    const ids: string[] = []
    for (let i = 0; i < 8; i++) ids.push((await deploy(hourly)).id)
    now += 2 * HOUR
    await Promise.all([turn(), ...ids.map((id) => deleteDeployment(ctx, engine, id)), turn()])
    for (const id of ids) expect(await runsOf(id)).toEqual([])
  }
  const left = await counted()
  expect(left?.rolled).toBe(left?.rows)
})

test('one schedule that cannot be scheduled holds up no other', async () => {
  const [bad, garbled, good] = [await deploy(hourly), await deploy(hourly), await deploy(hourly)]
  await db.engine`update deployment_schedules set schedule = '{"cron":"from a later version"}' where deployment_id = ${garbled.id}`
  await db.engine.unsafe(
    `alter table flow_runs add constraint poison check (deployment_id is distinct from '${bad.id}') not valid`,
  )
  try {
    now += 2 * HOUR
    await expect(turn()).rejects.toThrow('1 schedules rest')
    expect(await hoursOf(good.id)).toEqual([1, 2, 3, 4, 5])
    expect(await hoursOf(bad.id)).toEqual([1, 2, 3])
    expect((await turn()).counts.schedules).toBe(0)
  } finally {
    await db.engine.unsafe('alter table flow_runs drop constraint poison')
  }
  now += 60_000_000
  await settle()
  expect(await hoursOf(bad.id)).toEqual([1, 2, 3, 4, 5])
})

test('one deployment alone can be looked at', async () => {
  const { id } = await deploy(hourly)
  now += 2 * HOUR
  expect(await materialiseSchedules(scope, { workspaceId, deploymentId: id })).toMatchObject({
    schedules: 1,
    runs: 2,
    skipped: 0,
  })
  expect(await materialiseSchedules(scope, { workspaceId: uuidv7(), deploymentId: id })).toMatchObject({
    schedules: 0,
  })
})
