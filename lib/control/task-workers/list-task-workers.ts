import { readWorkspace } from '../../db/scope.ts'
import { formatInstant } from '../../domain/time.ts'
import { TASK_WORKER_SECONDS } from '../../engine/task-workers.ts'
import { type Context, requireScope } from '../context.ts'

export interface TaskWorker {
  readonly identifier: string
  readonly taskKeys: readonly string[]
  readonly seenAt: string
}

/** Task workers that are connected now, on any replica; those that know one of these keys, if any are given. */
export async function listTaskWorkers(
  ctx: Context,
  taskKeys: readonly string[] | null,
): Promise<readonly TaskWorker[]> {
  requireScope(ctx, 'see_flows')
  const seenSince = formatInstant(ctx.nowMicros() - TASK_WORKER_SECONDS * 1_000_000)
  return readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<TaskWorker[]>`
      select identifier, array_agg(distinct key order by key) as task_keys, max(seen_at) as seen_at
      from task_workers w cross join unnest(w.task_keys) key
      where w.workspace_id = ${ctx.workspaceId} and w.seen_at > ${seenSince}
        ${taskKeys === null ? sql`` : sql`and w.task_keys && ${[...taskKeys]}::text[]`}
      group by identifier order by identifier limit 1000`,
  )
}
