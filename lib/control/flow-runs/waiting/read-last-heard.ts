import type { Transaction } from '../../../db/clients.ts'
import type { LastHeard } from '../../../domain/orchestration/waiting/waiting.ts'
import { microsOf, type StoredFlowRun } from '../../../engine/stored.ts'

/** What was heard last of a run whose client sends no beats: its log and its tasks are the only signs of life that there are. */
export async function readLastHeard(
  sql: Transaction,
  workspaceId: string,
  run: StoredFlowRun,
): Promise<LastHeard | null> {
  if (run.stateType !== 'RUNNING' || run.claim?.beat_at) return null
  const [row] = await sql<{ line: string | null; task: string | null }[]>`
    select
      (select l.at from logs l where l.workspace_id = ${workspaceId} and l.flow_run_id = ${run.id} and l.at >= ${run.startAt}::timestamptz
       order by l.at desc limit 1) as line,
      (select max(t.state_at) from task_runs t where t.workspace_id = ${workspaceId} and t.flow_run_id = ${run.id}) as task`
  const [line, task] = [microsOf(row?.line ?? null), microsOf(row?.task ?? null)]
  if (line === null && task === null) return null
  return (line ?? 0) >= (task ?? 0)
    ? { what: 'a line of its log', micros: line ?? 0 }
    : { what: 'a state of one of its tasks', micros: task ?? 0 }
}
