import type { Transaction } from '../db/clients.ts'
import type { Statement } from '../db/transaction.ts'
import type { Change } from '../domain/change.ts'
import { rawMember } from '../domain/raw-json.ts'
import { isFinal, type StateDetails, type StateType, stateTypes } from '../domain/state.ts'
import { formatInstant, parseInstant } from '../domain/time.ts'
import type { NewEvent } from './engine.ts'
import { recordset } from './recordset.ts'
import type { Counted, RollupDeltas } from './rollup.ts'
import { microsOf } from './stored.ts'
import { type TaskRunUpsert, upsertTaskRuns } from './task-run-rows.ts'
import { insertTaskRunStates, type StateRow } from './write-set.ts'

/**
 * Task runs that clients orchestrate exist only as events (wire-contract §3.a). The recorder folds events into task runs:
 * every state is kept; the row follows the latest state by its time, so that any order, and any duplicates, end the same.
 */
export interface TaskRunReport {
  readonly workspaceId: string
  readonly taskRunId: string
  readonly flowRunId: string | null
  readonly eventId: string
  readonly occurredMicros: number
  readonly state: {
    readonly type: StateType
    readonly name: string
    readonly message: string
    readonly details: StateDetails
    readonly data: string | null
  }
  readonly taskRun: Readonly<Record<string, unknown>>
}

const TASK_RUN_EVENT = 'prefect.task-run.'
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** What an event reports of a task run, or null when it is another kind of event or tells too little. */
export function taskRunReport(workspaceId: string, event: NewEvent): TaskRunReport | null {
  if (!event.event.startsWith(TASK_RUN_EVENT) || event.resource['prefect.orchestration'] !== 'client')
    return null
  const taskRunId = idAfter(event.resource['prefect.resource.id'], TASK_RUN_EVENT)
  const state = objectOf(event.payload.validated_state)
  const taskRun = objectOf(event.payload.task_run)
  if (!taskRunId || !state || !taskRun) return null
  const type = stateTypes.find((known) => known === state.type)
  if (!type || typeof taskRun.task_key !== 'string' || taskRun.dynamic_key === undefined) return null
  const flowRun = event.related.find((item) => item['prefect.resource.role'] === 'flow-run')
  const flowRunId = idAfter(flowRun?.['prefect.resource.id'], 'prefect.flow-run.')
  return {
    workspaceId,
    taskRunId,
    flowRunId,
    eventId: event.id,
    occurredMicros: event.occurredMicros,
    state: {
      type,
      name: typeof state.name === 'string' ? state.name : type,
      message: typeof state.message === 'string' ? state.message : '',
      details: objectOf(state.state_details) ?? {},
      data:
        state.data === undefined || state.data === null
          ? null
          : (rawMember(event.body, 'payload', 'validated_state', 'data') ?? null),
    },
    taskRun,
  }
}

const idAfter = (id: string | undefined, prefix: string): string | null => {
  const rest = id?.startsWith(prefix) ? id.slice(prefix.length).toLowerCase() : null
  return rest && UUID.test(rest) ? rest : null
}

const objectOf = (value: unknown): Record<string, unknown> | null =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null

interface KnownTaskRun {
  readonly workspaceId: string
  readonly id: string
  readonly flowRunId: string | null
  readonly taskKey: string
  readonly dynamicKey: string
  readonly stateType: StateType | null
  readonly stateName: string | null
  readonly stateAt: string | null
  readonly startAt: string | null
  readonly expectedStartAt: string | null
  readonly totalRunTimeSeconds: number
}

/** A task run in memory while a batch is folded. `before` is what the counts know of it. */
interface Folding {
  readonly workspaceId: string
  readonly id: string
  before: Counted | null
  stateMicros: number
  /** Set with the first state, then fixed. */
  expectedAt: string | null
  startAt: string | null
  /** What tells of the latest state, and when that was. */
  latest: { readonly report: TaskRunReport; readonly details: StateDetails; readonly at: string } | null
}

/**
 * Locks the task runs that the reports speak of, folds the reports over them, and answers the statements that write the outcome.
 * `nowMicros` stamps new rows. `moved` gets the rows as they will be.
 */
export async function recordTaskRuns(
  sql: Transaction,
  reports: readonly TaskRunReport[],
  nowMicros: number,
  deltas: RollupDeltas,
  moved: TaskRunUpsert[],
): Promise<Statement[]> {
  const known = await lockKnown(sql, reports)
  const foldings = new Map<string, Folding>()
  const states: StateRow[] = []
  const createdAt = formatInstant(nowMicros)

  for (const report of reports) {
    const naturalKey = `${report.workspaceId} ${report.flowRunId} ${String(report.taskRun.task_key)} ${String(report.taskRun.dynamic_key)}`
    const idKey = `${report.workspaceId} ${report.taskRunId}`
    let folding = foldings.get(idKey) ?? (report.flowRunId ? foldings.get(naturalKey) : undefined)
    if (!folding) {
      const row = known.get(idKey) ?? (report.flowRunId ? known.get(naturalKey) : undefined)
      folding = {
        workspaceId: report.workspaceId,
        // A row that is there under the natural key is the task run; the report's own id gives way.
        id: row?.id ?? report.taskRunId,
        before: row ? countedOf(row.workspaceId, row) : null,
        stateMicros: row ? (microsOf(row.stateAt) ?? Number.NEGATIVE_INFINITY) : Number.NEGATIVE_INFINITY,
        expectedAt: row?.expectedStartAt ?? null,
        startAt: row?.startAt ?? null,
        latest: null,
      }
      foldings.set(idKey, folding)
      if (report.flowRunId) foldings.set(naturalKey, folding)
    }
    const details: StateDetails = {
      ...report.state.details,
      flow_run_id: report.flowRunId,
      task_run_id: folding.id,
    }
    const at = formatInstant(report.occurredMicros)
    states.push({
      workspace_id: report.workspaceId,
      run_id: folding.id,
      at,
      id: report.eventId,
      type: report.state.type,
      name: report.state.name,
      message: report.state.message,
      details,
      data: report.state.data,
    })
    if (report.occurredMicros <= folding.stateMicros) continue
    folding.stateMicros = report.occurredMicros
    folding.expectedAt ??= instant(report.taskRun.expected_start_time) ?? at
    folding.startAt =
      instant(report.taskRun.start_time) ?? folding.startAt ?? (report.state.type === 'RUNNING' ? at : null)
    folding.latest = { report, details, at }
  }

  for (const folding of new Set(foldings.values())) {
    if (!folding.latest) continue
    const row = rowOf(folding, folding.latest, createdAt)
    moved.push(row)
    deltas.move(folding.before, countedOf(folding.workspaceId, countable(row)))
  }
  return [
    ...(moved.length > 0
      ? [() => upsertTaskRuns(sql, moved).then((written) => refuseOvertaken(written.count, moved.length))]
      : []),
    insertTaskRunStates(sql, states),
  ]
}

/** Another process wrote a later state between our look and our write: the batch is done again, so that the counts stay true. */
function refuseOvertaken(written: number, wanted: number): void {
  if (written !== wanted) throw Object.assign(new Error('overtaken by another process'), { code: '40001' })
}

type Countable = Pick<
  KnownTaskRun,
  'stateType' | 'stateName' | 'expectedStartAt' | 'startAt' | 'totalRunTimeSeconds'
>

const countable = (row: TaskRunUpsert): Countable => ({
  stateType: row.state_type,
  stateName: row.state_name,
  expectedStartAt: row.expected_start_at,
  startAt: row.start_at,
  totalRunTimeSeconds: row.total_run_time_seconds,
})

const countedOf = (workspaceId: string, row: Countable): Counted | null => {
  const expected = microsOf(row.expectedStartAt)
  return row.stateType === null || expected === null
    ? null
    : {
        kind: 'task-run',
        workspaceId,
        flowId: null,
        deploymentId: null,
        stateType: row.stateType,
        stateName: row.stateName ?? '',
        expectedStartMicros: expected,
        startMicros: microsOf(row.startAt),
        totalRunTimeSeconds: row.totalRunTimeSeconds,
      }
}

interface NaturalKey {
  readonly workspace_id: string
  readonly flow_run_id: string
  readonly task_key: string
  readonly dynamic_key: string
}

const idKeys = recordset<{ readonly workspace_id: string; readonly task_run_id: string }>({
  workspace_id: 'uuid',
  task_run_id: 'uuid',
})
const naturalKeys = recordset<NaturalKey>({
  workspace_id: 'uuid',
  flow_run_id: 'uuid',
  task_key: 'text',
  dynamic_key: 'text',
})

/** Locked in key order, by id or by natural key; two batches that meet the same task run take turns. */
async function lockKnown(
  sql: Transaction,
  reports: readonly TaskRunReport[],
): Promise<Map<string, KnownTaskRun>> {
  const byId = new Map(reports.map((r) => [`${r.workspaceId} ${r.taskRunId}`, r]))
  const ids = [...byId.values()]
  const natural = new Map<string, NaturalKey>()
  for (const { workspaceId, flowRunId, taskRun } of ids) {
    if (!flowRunId) continue
    const [taskKey, dynamicKey] = [String(taskRun.task_key), String(taskRun.dynamic_key)]
    natural.set(`${workspaceId} ${flowRunId} ${taskKey} ${dynamicKey}`, {
      workspace_id: workspaceId,
      flow_run_id: flowRunId,
      task_key: taskKey,
      dynamic_key: dynamicKey,
    })
  }
  const idRows = ids.map((r) => ({ workspace_id: r.workspaceId, task_run_id: r.taskRunId }))
  const rows = await sql<KnownTaskRun[]>`
    with wanted as (
      select t.workspace_id, t.id
      from ${idKeys(sql, idRows)} k
      join task_runs t on t.workspace_id = k.workspace_id and t.id = k.task_run_id
      union
      select t.workspace_id, t.id
      from ${naturalKeys(sql, [...natural.values()])} k
      join task_runs t on t.workspace_id = k.workspace_id and t.flow_run_id = k.flow_run_id
        and t.task_key = k.task_key and t.dynamic_key = k.dynamic_key
    )
    select t.workspace_id, t.id, t.flow_run_id, t.task_key, t.dynamic_key, t.state_type, t.state_name, t.state_at, t.start_at,
           t.expected_start_at, t.total_run_time_seconds
    from wanted w join task_runs t on t.workspace_id = w.workspace_id and t.id = w.id
    order by t.workspace_id, t.id
    for update of t`
  const known = new Map<string, KnownTaskRun>()
  for (const row of rows) {
    known.set(`${row.workspaceId} ${row.id}`, row)
    if (row.flowRunId) known.set(`${row.workspaceId} ${row.flowRunId} ${row.taskKey} ${row.dynamicKey}`, row)
  }
  return known
}

const text = (value: unknown, max: number): string | null =>
  typeof value === 'string' ? value.slice(0, max) : null
const instant = (value: unknown): string | null => {
  const micros = typeof value === 'string' ? parseInstant(value) : undefined
  return micros === undefined ? null : formatInstant(micros)
}
const count = (value: unknown): number => {
  const n = Number(value ?? 0)
  return Number.isFinite(n) ? Math.max(0, Math.min(Math.trunc(n), 2_147_483_647)) : 0
}
const seconds = (value: unknown): number => {
  const n = Number(value ?? 0)
  return Number.isFinite(n) ? n : 0
}

function rowOf(
  folding: Folding,
  { report, details, at }: NonNullable<Folding['latest']>,
  createdAt: string,
): TaskRunUpsert {
  const run = report.taskRun
  const { type } = report.state
  return {
    workspace_id: report.workspaceId,
    id: folding.id,
    flow_run_id: report.flowRunId,
    task_key: String(run.task_key).slice(0, 2_000),
    dynamic_key: String(run.dynamic_key).slice(0, 2_000),
    name: text(run.name, 2_000) ?? String(run.task_key).slice(0, 2_000),
    task_version: text(run.task_version, 2_000),
    cache_key: text(run.cache_key, 2_000),
    cache_expiration: instant(run.cache_expiration),
    empirical_policy: objectOf(run.empirical_policy) ?? {},
    tags: Array.isArray(run.tags) ? run.tags.filter((tag): tag is string => typeof tag === 'string') : [],
    labels: objectOf(run.labels) ?? {},
    task_inputs: JSON.stringify(objectOf(run.task_inputs) ?? {}),
    flow_run_run_count: count(run.flow_run_run_count),
    created_at: createdAt,
    state_id: report.eventId,
    state_type: report.state.type,
    state_name: report.state.name,
    state_at: at,
    state_message: report.state.message,
    state_details: details,
    state_data: report.state.data,
    run_count: count(run.run_count),
    start_at: folding.startAt,
    end_at: instant(run.end_time) ?? (isFinal(type) ? at : null),
    expected_start_at: folding.expectedAt ?? at,
    next_scheduled_start_at: instant(run.next_scheduled_start_time),
    total_run_time_seconds: seconds(run.total_run_time),
  }
}

export const changeOf = (row: TaskRunUpsert): Change => ({
  kind: 'task-run',
  id: row.id,
  flowRunId: row.flow_run_id,
  name: row.name,
  taskKey: row.task_key,
  stateId: row.state_id,
  stateType: row.state_type,
  stateName: row.state_name,
  stateAt: row.state_at,
  stateMessage: row.state_message.slice(0, 2_000),
  expectedStartAt: row.expected_start_at,
  startAt: row.start_at,
  endAt: row.end_at,
  totalRunTimeSeconds: row.total_run_time_seconds,
  runCount: row.run_count,
  tags: row.tags,
  taskInputs: JSON.parse(row.task_inputs) as Record<string, Record<string, string>[]>,
})
