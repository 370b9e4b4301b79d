import type { Database, Sql, Transaction } from '../../db/clients.ts'
import type { StoredSchedule } from '../../db/rows/deployment.ts'
import { inTransaction } from '../../db/transaction.ts'
import { mergeJson } from '../../domain/parameters/merge.ts'
import type { CatchUpPolicy } from '../../domain/schedules/catch-up.ts'
import { planSchedule, type SchedulePlan } from '../../domain/schedules/plan-schedule.ts'
import { scheduledRunKeyEnd, scheduledRunKeyStart } from '../../domain/schedules/runs-to-schedule.ts'
import { type ParsedSchedule, parseSchedule, type Schedule } from '../../domain/schedules/schedule.ts'
import { scheduleKindName } from '../../domain/schedules/stored-schedule.ts'
import type { RawJson } from '../../domain/state.ts'
import { formatInstant, parseInstant } from '../../domain/time.ts'
import { plainArray } from '../../engine/array-literal.ts'
import type { Engine } from '../../engine/engine.ts'
import {
  insertScheduledRuns,
  type ScheduledRun,
  type Tick,
  type TicksOfSchedule,
  tellOfScheduledRuns,
} from '../../engine/schedule-runs.ts'
import { textOf } from '../../engine/stored.ts'
import { dropMissedRuns, type MissedRun, missedRuns, type RunToDrop } from './missed-runs.ts'

export interface Materialising {
  readonly db: Pick<Database, 'engine'>
  readonly engine: Pick<Engine, 'announceNew' | 'signals' | 'setFlowRunState'>
  readonly nowMicros: () => number
  readonly dice?: () => number
}

export interface Materialised {
  readonly schedules: number
  readonly runs: number
  readonly skipped: number
  /** Why schedules rest that could not be planned, one a schedule. */
  readonly refused: readonly unknown[]
}

/** Schedules that are planned in one transaction. */
export const SCHEDULES_AT_ONCE = 1_000
/** How long a schedule rests that the database refused. */
const REST_MICROS = 60_000_000
/** Runs that are to be skipped are so after the COMMIT. Should this process die before that, another one looks again this much later. */
const DROPPING_MICROS = 10_000_000

interface DueSchedule {
  readonly workspaceId: string
  readonly flowId: string
  readonly tags: readonly string[]
  readonly workQueueId: string | null
  readonly workPoolId: string | null
  readonly entrypoint: string | null
  readonly deploymentId: string
  readonly id: string
  readonly schedule: StoredSchedule
  readonly maxScheduledRuns: number | null
  readonly catchUp: CatchUpPolicy
  readonly scheduledUntil: string | null
  /** The outage in which runs of it fell due, if its policy has not been done to them yet. */
  readonly awayFrom: string | null
  readonly awayUntil: string | null
  readonly parameters: RawJson
  /** null where the schedule has none of its own. */
  readonly deploymentParameters: RawJson | null
}

/**
 * Makes the runs that schedules have to have by now: of one deployment, or of whichever are due, `SCHEDULES_AT_ONCE` at most.
 * Safe on any number of replicas: each takes other schedules, and a run that is there already stays as it is.
 */
export async function materialiseSchedules(
  deps: Materialising,
  of: { readonly workspaceId: string; readonly deploymentId: string } | 'whichever are due',
): Promise<Materialised> {
  const sql = deps.db.engine
  const now = formatInstant(deps.nowMicros())
  const which =
    of === 'whichever are due'
      ? sql`order by s.look_at limit ${SCHEDULES_AT_ONCE}`
      : sql`and s.workspace_id = ${of.workspaceId} and s.deployment_id = ${of.deploymentId}`
  const due = (from: Transaction) => from<DueSchedule[]>`
    select s.workspace_id, d.flow_id, d.tags, d.work_queue_id, q.work_pool_id, d.entrypoint, s.deployment_id, s.id, s.schedule, s.max_scheduled_runs, s.catch_up, s.scheduled_until, s.parameters,
      lower(s.away) as away_from, upper(s.away) as away_until,
      case when s.parameters::text <> '{}' then d.parameters end as deployment_parameters
    from deployment_schedules s
    join deployments d on d.workspace_id = s.workspace_id and d.id = s.deployment_id
    left join work_queues q on q.workspace_id = d.workspace_id and q.id = d.work_queue_id
    where s.look_at is not null and s.look_at <= ${now} and s.active and not d.paused and not d.disabled ${which}
    for update of s skip locked`
  let taken: readonly DueSchedule[] = []
  try {
    // What was just edited may have runs that were started early, which stay.
    return await planAll(deps, of !== 'whichever are due', async (transaction) => {
      taken = await due(transaction)
      return taken
    })
  } catch (error) {
    // One bad row must not hold up the others, and nor may a run that somebody made by hand under a schedule's key: each is
    // tried by itself, and one that fails again rests.
    if (taken.length === 0) throw error
    return planSingly(deps, taken)
  }
}

/** Plans what `take` answers, in one transaction, and tells of it after the COMMIT. */
async function planAll(
  deps: Materialising,
  ignoreExisting: boolean,
  take: (sql: Transaction) => Promise<readonly DueSchedule[]>,
): Promise<Materialised> {
  const { schedules, made, nowMicros, dropping, again } = await inTransaction(
    deps.db.engine,
    async (sql): Promise<Committed> => {
      const due = await take(sql)
      const nowMicros = deps.nowMicros()
      if (due.length === 0) return { schedules: 0, made: [], nowMicros, dropping: [], again: '' }
      const plan = planner(nowMicros)
      const missed = await missedRuns(
        sql,
        due.filter((row) => row.awayFrom !== null),
      )
      const planned = due.map((row) => plannedOf(row, missed.get(row.id) ?? [], plan))
      const ticks = planned.map(({ row, plan }) => scheduleWithTicks(row, plan))
      const options = { nowMicros, dice: deps.dice ?? Math.random, ignoreExisting }
      const again = formatInstant(nowMicros + DROPPING_MICROS)
      const [runs] = await Promise.all([
        insertScheduledRuns(sql, ticks, options),
        advance(sql, planned, again),
      ])
      return {
        schedules: due.length,
        made: runs,
        nowMicros,
        dropping: planned.filter(({ drop }) => drop.length > 0),
        again,
      }
    },
  )
  let skipped = 0
  for (const { tick } of made) if (tick.skipped !== null) skipped++
  const runs = made.length - skipped
  tellOfScheduledRuns(deps.engine, made, nowMicros)
  if (dropping.length > 0) {
    skipped += await dropMissedRuns(
      deps.engine,
      dropping.flatMap(({ drop }) => drop),
    )
    await dropped(deps.db.engine, dropping, again)
  }
  return { schedules, runs, skipped, refused: [] }
}

interface PlannedSchedule {
  readonly row: DueSchedule
  readonly plan: Planned
  readonly drop: readonly RunToDrop[]
}

interface Committed {
  readonly schedules: number
  readonly made: readonly ScheduledRun[]
  /** When they were. */
  readonly nowMicros: number
  /** Schedules with runs that are there, and are to be skipped. */
  readonly dropping: readonly PlannedSchedule[]
  /** When somebody else is to look at these. */
  readonly again: string
}

/** Notes how far schedules are dealt with, and when to look again: at `again` where runs are still to be skipped. */
const advance = (sql: Transaction, planned: readonly PlannedSchedule[], again: string) => sql`
  update deployment_schedules s set scheduled_until = p.until,
    look_at = case when p.is_dropping then ${again}::timestamptz else p.look_at end,
    away = case when p.is_dropping then s.away end
  from unnest(
    ${plainArray(planned.map(({ row }) => row.workspaceId))}::uuid[], ${plainArray(planned.map(({ row }) => row.deploymentId))}::uuid[],
    ${plainArray(planned.map(({ row }) => row.id))}::uuid[],
    ${plainArray(planned.map(({ plan }) => formatInstant(plan.untilMicros)))}::timestamptz[],
    ${plainArray(planned.map(({ plan }) => textOf(plan.lookAtMicros)))}::timestamptz[],
    ${plainArray(planned.map(({ drop }) => (drop.length > 0 ? 'true' : 'false')))}::boolean[]
  ) as p (workspace_id, deployment_id, id, until, look_at, is_dropping)
  where s.workspace_id = p.workspace_id and s.deployment_id = p.deployment_id and s.id = p.id`

/** An outage is dealt with when its runs are skipped, unless there was another one since; what was paused or edited since says itself when to look. */
const dropped = (sql: Sql, planned: readonly PlannedSchedule[], again: string) => sql`
  update deployment_schedules s set away = null, look_at = case when s.look_at = ${again} then p.look_at else s.look_at end
  from unnest(
    ${plainArray(planned.map(({ row }) => row.workspaceId))}::uuid[], ${plainArray(planned.map(({ row }) => row.deploymentId))}::uuid[],
    ${plainArray(planned.map(({ row }) => row.id))}::uuid[], ${plainArray(planned.map(({ row }) => row.awayUntil))}::timestamptz[],
    ${plainArray(planned.map(({ plan }) => textOf(plan.lookAtMicros)))}::timestamptz[]
  ) as p (workspace_id, deployment_id, id, away_until, look_at)
  where s.workspace_id = p.workspace_id and s.deployment_id = p.deployment_id and s.id = p.id and upper(s.away) = p.away_until`

async function planSingly(deps: Materialising, taken: readonly DueSchedule[]): Promise<Materialised> {
  const sum = { schedules: 0, runs: 0, skipped: 0 }
  const refused: unknown[] = []
  for (const row of taken) {
    try {
      const one = await planAll(deps, true, (sql) => lockOne(sql, row))
      sum.schedules += one.schedules
      sum.runs += one.runs
      sum.skipped += one.skipped
    } catch (error) {
      refused.push(error)
      await rest(deps.db.engine, row, deps.nowMicros() + REST_MICROS)
    }
  }
  return { ...sum, refused }
}

async function lockOne(sql: Transaction, row: DueSchedule): Promise<readonly DueSchedule[]> {
  const [locked] = await sql`
    select s.id from deployment_schedules s
    where s.workspace_id = ${row.workspaceId} and s.deployment_id = ${row.deploymentId} and s.id = ${row.id} and s.look_at is not null
    for update skip locked`
  return locked ? [row] : []
}

const rest = (sql: Sql, row: DueSchedule, untilMicros: number) => sql`
  update deployment_schedules set look_at = ${formatInstant(untilMicros)}
  where workspace_id = ${row.workspaceId} and deployment_id = ${row.deploymentId} and id = ${row.id} and look_at is not null`

const known = new Map<string, ParsedSchedule>()

/** Few texts stand for most schedules, and reading one takes longer than planning it. What is stored has its anchor, so that the clock does not matter. */
function readStored(stored: StoredSchedule, nowMicros: number): ParsedSchedule {
  const text = JSON.stringify(stored)
  let parsed = known.get(text)
  if (!parsed) {
    parsed = parseSchedule(stored, { nowMicros })
    if (known.size > 5_000) known.clear()
    known.set(text, parsed)
  }
  return parsed
}

interface Planned extends Pick<SchedulePlan, 'drop' | 'untilMicros' | 'lookAtMicros'> {
  readonly kindName: string
  readonly ticks: readonly Tick[]
}

/** Plans at one instant. Schedules that are alike, and as far, have the same plan: most of a large workspace's are hourly or nightly. */
function planner(nowMicros: number): Planner {
  const plans = new Map<string, Planned>()
  return (row, made) => {
    const alike = JSON.stringify([row.schedule, row.scheduledUntil, row.catchUp, row.maxScheduledRuns, made])
    const plan = plans.get(alike) ?? planOf(row, made, nowMicros)
    plans.set(alike, plan)
    return plan
  }
}
type Planner = (row: DueSchedule, made: readonly number[]) => Planned

function plannedOf(row: DueSchedule, missed: readonly MissedRun[], planner: Planner): PlannedSchedule {
  const plan = planner(
    row,
    missed.map((run) => run.atMicros),
  )
  const times = new Set(plan.drop)
  const message = skippedBecause(row)
  const drop = missed.filter((run) => run.isUntouched && times.has(run.atMicros))
  return {
    row,
    plan,
    drop: drop.map((run) => ({ workspaceId: row.workspaceId, runId: run.id, message })),
  }
}

function planOf(row: DueSchedule, made: readonly number[], nowMicros: number): Planned {
  const parsed = readStored(row.schedule, nowMicros)
  const since = row.scheduledUntil === null ? undefined : parseInstant(row.scheduledUntil)
  // What is stored was read before, by a version that may have read more: such a schedule makes no runs until it is changed.
  if (!parsed.ok)
    return { kindName: '', ticks: [], drop: [], untilMicros: since ?? nowMicros, lookAtMicros: null }
  const { schedule } = parsed
  const plan = planSchedule({
    schedule,
    sinceMicros: since ?? nowMicros,
    nowMicros,
    catchUp: row.catchUp,
    made,
    maxScheduledRuns: row.maxScheduledRuns,
  })
  const { drop, untilMicros, lookAtMicros } = plan
  const ticks = ticksOf(schedule, plan, skippedBecause(row))
  return { kindName: scheduleKindName(schedule), ticks, drop, untilMicros, lookAtMicros }
}

function ticksOf(
  schedule: Schedule,
  { run, skip, unrecorded }: SchedulePlan,
  reason: string,
): readonly Tick[] {
  const earlier = unrecorded > 0 ? ` At least ${unrecorded} earlier times were skipped as well.` : ''
  const tick = (atMicros: number, skipped: string | null): Tick => ({
    keyEnd: scheduledRunKeyEnd(schedule, atMicros),
    atMicros,
    skipped,
  })
  return [
    ...skip.map((atMicros, i) => tick(atMicros, i === 0 ? reason + earlier : reason)),
    ...run.map((atMicros) => tick(atMicros, null)),
  ]
}

function scheduleWithTicks(row: DueSchedule, { kindName, ticks }: Planned): TicksOfSchedule {
  const { workspaceId, deploymentId, id } = row
  return {
    workspaceId,
    flowId: row.flowId,
    tags: row.tags,
    workQueueId: row.workQueueId,
    workPoolId: row.workPoolId,
    entrypoint: row.entrypoint,
    deploymentId,
    scheduleId: id,
    parameters:
      row.deploymentParameters === null ? null : mergeJson(row.deploymentParameters, row.parameters),
    kindName,
    keyStart: scheduledRunKeyStart(deploymentId, id),
    ticks,
  }
}

const skippedBecause = ({ catchUp }: DueSchedule): string =>
  `Nothing could run at this time, and the schedule's catch-up policy is “${policyWords(catchUp)}”.`

const policyWords = (policy: CatchUpPolicy): string =>
  policy.kind === 'last' ? `last ${policy.count}` : policy.kind
