import type { Transaction } from '../../db/clients.ts'
import type { StateType } from '../../domain/state.ts'
import { parseInstant } from '../../domain/time.ts'
import { nowMicros } from '../../engine/clock.ts'
import { type Counted, RollupDeltas } from '../../engine/rollup.ts'
import type { Signal } from '../../engine/signals.ts'
import { freedSignals, freeSignals, movedSignals } from '../../engine/slot-signals.ts'
import { type EndedLease, endedLeaseColumns } from '../../engine/slot-writes.ts'
import { insertDeltas } from '../../engine/write-set.ts'

interface Gone {
  readonly id: string
  readonly flowId?: string
  readonly deploymentId?: string | null
  readonly stateType: StateType | null
  readonly stateName: string | null
  readonly expectedStartAt: string | null
  readonly startAt: string | null
  readonly totalRunTimeSeconds: number
}

/** What was deleted, and what it means to those who wait for what it held: to be told once that is committed. */
export interface Removed {
  readonly ids: readonly string[]
  readonly signals: readonly Signal[]
}

/** Deletes runs with their task runs, states and log lines, and takes them out of the counts. Answers those that were there. */
export async function removeFlowRuns(
  sql: Transaction,
  workspaceId: string,
  ids: readonly string[],
): Promise<Removed> {
  if (ids.length === 0) return { ids: [], signals: [] }
  // In this order: claims go with the rows of their runs.
  const [places, runs] = await Promise.all([
    sql<{ workPoolId: string }[]>`
      select c.work_pool_id from run_claims c
      where c.workspace_id = ${workspaceId} and c.run_id = any(${[...ids]}::uuid[]) and c.work_pool_id is not null`,
    sql<Gone[]>`
      delete from flow_runs where workspace_id = ${workspaceId} and id = any(${[...ids]}::uuid[])
      returning id, flow_id, deployment_id, state_type, state_name, expected_start_at, start_at, total_run_time_seconds`,
  ])
  if (runs.length === 0) return { ids: [], signals: [] }
  const gone = runs.map((run) => run.id)
  const [tasks, left, freed] = await Promise.all([
    sql<Gone[]>`
      delete from task_runs where workspace_id = ${workspaceId} and flow_run_id = any(${gone}::uuid[])
      returning id, state_type, state_name, expected_start_at, start_at, total_run_time_seconds`,
    leaveLines(sql, workspaceId, 'flow_run', gone),
    giveBack(sql, workspaceId, 'flow_run', gone),
    sql`
      delete from flow_run_late_starts where workspace_id = ${workspaceId} and run_id = any(${gone}::uuid[])
        and flow_id = any(${[...new Set(runs.map((run) => run.flowId ?? ''))]}::uuid[])`,
    sql`delete from run_follow_ups where workspace_id = ${workspaceId} and run_id = any(${gone}::uuid[])`,
    sql`delete from flow_run_states where workspace_id = ${workspaceId} and run_id = any(${gone}::uuid[])`,
    sql`delete from logs where workspace_id = ${workspaceId} and flow_run_id = any(${gone}::uuid[])`,
  ])
  const deltas = new RollupDeltas()
  for (const run of runs) deltas.move(counted('flow-run', workspaceId, run), null)
  const signals = await forgetTaskRuns(sql, workspaceId, tasks, deltas)
  return {
    ids: gone,
    signals: [
      ...signals,
      ...signalsOf(left, freed),
      ...places.map(({ workPoolId }): Signal => ({ type: 'work-slot-free', workspaceId, workPoolId })),
    ],
  }
}

/** Deletes one task run with its states. Answers it, if it was there. */
export async function removeTaskRun(sql: Transaction, workspaceId: string, id: string): Promise<Removed> {
  const tasks = await sql<Gone[]>`
    delete from task_runs where workspace_id = ${workspaceId} and id = ${id}
    returning id, state_type, state_name, expected_start_at, start_at, total_run_time_seconds`
  if (tasks.length === 0) return { ids: [], signals: [] }
  return { ids: [id], signals: await forgetTaskRuns(sql, workspaceId, tasks, new RollupDeltas()) }
}

async function forgetTaskRuns(
  sql: Transaction,
  workspaceId: string,
  tasks: readonly Gone[],
  deltas: RollupDeltas,
): Promise<readonly Signal[]> {
  const ids = tasks.map((task) => task.id)
  for (const task of tasks) deltas.move(counted('task-run', workspaceId, task), null)
  const counting = insertDeltas(sql, deltas)
  if (ids.length === 0) {
    await counting
    return []
  }
  const [left, freed] = await Promise.all([
    leaveLines(sql, workspaceId, 'task_run', ids),
    giveBack(sql, workspaceId, 'task_run', ids),
    sql`delete from task_run_states where workspace_id = ${workspaceId} and run_id = any(${ids}::uuid[])`,
    counting,
  ])
  return signalsOf(left, freed)
}

type HolderType = 'flow_run' | 'task_run'

const leaveLines = (sql: Transaction, workspaceId: string, type: HolderType, ids: readonly string[]) =>
  sql<{ workspaceId: string; limitId: string }[]>`
    delete from slot_waiters where workspace_id = ${workspaceId} and holder_type = ${type} and holder_id = any(${[...ids]}::uuid[])
    returning workspace_id, limit_id`

const giveBack = (sql: Transaction, workspaceId: string, type: HolderType, ids: readonly string[]) =>
  sql<EndedLease[]>`
    delete from slot_leases s
    where s.workspace_id = ${workspaceId} and s.holder_type = ${type} and s.holder_id = any(${[...ids]}::uuid[])
    returning ${endedLeaseColumns(sql)}`

/** Slots may have been kept for whoever left a line: those behind it look. */
const signalsOf = (
  left: readonly { readonly workspaceId: string; readonly limitId: string }[],
  freed: readonly EndedLease[],
): readonly Signal[] => [
  ...movedSignals(left),
  ...left.flatMap((of) => freeSignals(of, 1)),
  ...freedSignals(freed, nowMicros()),
]

/** As the engine counted it; a run that never had a state was never counted. */
function counted(kind: Counted['kind'], workspaceId: string, run: Gone): Counted | null {
  const expected = run.expectedStartAt === null ? undefined : parseInstant(run.expectedStartAt)
  if (run.stateType === null || expected === undefined) return null
  return {
    kind,
    workspaceId,
    flowId: run.flowId ?? null,
    deploymentId: run.deploymentId ?? null,
    stateType: run.stateType,
    stateName: run.stateName ?? '',
    expectedStartMicros: expected,
    startMicros: run.startAt === null ? null : (parseInstant(run.startAt) ?? null),
    totalRunTimeSeconds: run.totalRunTimeSeconds,
  }
}
