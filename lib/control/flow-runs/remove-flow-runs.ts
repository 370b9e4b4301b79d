import type { Transaction } from '../../db/clients.ts'
import type { StateType } from '../../domain/state.ts'
import { parseInstant } from '../../domain/time.ts'
import { type Counted, RollupDeltas } from '../../engine/rollup.ts'
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

/** Deletes runs with their task runs, states and log lines, and takes them out of the counts. Answers the ids that were there. */
export async function removeFlowRuns(
  sql: Transaction,
  workspaceId: string,
  ids: readonly string[],
): Promise<readonly string[]> {
  const runs = await sql<Gone[]>`
    delete from flow_runs where workspace_id = ${workspaceId} and id = any(${[...ids]}::uuid[])
    returning id, flow_id, deployment_id, state_type, state_name, expected_start_at, start_at, total_run_time_seconds`
  if (runs.length === 0) return []
  const gone = runs.map((run) => run.id)
  const [tasks] = await Promise.all([
    sql<Gone[]>`
      delete from task_runs where workspace_id = ${workspaceId} and flow_run_id = any(${gone}::uuid[])
      returning id, state_type, state_name, expected_start_at, start_at, total_run_time_seconds`,
    sql`
      delete from flow_run_late_starts where workspace_id = ${workspaceId} and run_id = any(${gone}::uuid[])
        and flow_id = any(${[...new Set(runs.map((run) => run.flowId ?? ''))]}::uuid[])`,
    sql`
      delete from slot_waiters where workspace_id = ${workspaceId} and holder_type = 'flow_run' and holder_id = any(${gone}::uuid[])`,
    // What it held is free again; its claim went with the row.
    sql`
      delete from slot_leases where workspace_id = ${workspaceId} and holder_type = 'flow_run' and holder_id = any(${gone}::uuid[])`,
    sql`delete from run_follow_ups where workspace_id = ${workspaceId} and run_id = any(${gone}::uuid[])`,
    sql`delete from flow_run_states where workspace_id = ${workspaceId} and run_id = any(${gone}::uuid[])`,
    sql`delete from logs where workspace_id = ${workspaceId} and flow_run_id = any(${gone}::uuid[])`,
  ])
  const deltas = new RollupDeltas()
  for (const run of runs) deltas.move(counted('flow-run', workspaceId, run), null)
  await forgetTaskRuns(sql, workspaceId, tasks, deltas)
  return gone
}

/** Deletes one task run with its states. Answers whether it was there. */
export async function removeTaskRun(sql: Transaction, workspaceId: string, id: string): Promise<boolean> {
  const tasks = await sql<Gone[]>`
    delete from task_runs where workspace_id = ${workspaceId} and id = ${id}
    returning id, state_type, state_name, expected_start_at, start_at, total_run_time_seconds`
  if (tasks.length === 0) return false
  await forgetTaskRuns(sql, workspaceId, tasks, new RollupDeltas())
  return true
}

async function forgetTaskRuns(
  sql: Transaction,
  workspaceId: string,
  tasks: readonly Gone[],
  deltas: RollupDeltas,
): Promise<void> {
  const ids = tasks.map((task) => task.id)
  if (ids.length > 0) {
    await Promise.all([
      sql`delete from task_run_states where workspace_id = ${workspaceId} and run_id = any(${ids}::uuid[])`,
      sql`
        delete from slot_leases where workspace_id = ${workspaceId} and holder_type = 'task_run' and holder_id = any(${ids}::uuid[])`,
    ])
  }
  for (const task of tasks) deltas.move(counted('task-run', workspaceId, task), null)
  await insertDeltas(sql, deltas)
}

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
