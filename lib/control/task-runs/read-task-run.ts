import { coalesce } from '../../db/coalesce.ts'
import { type TaskRunRow, taskRunColumns } from '../../db/rows/task-run.ts'
import { NotFound } from '../../domain/problem.ts'
import { type Context, requireScope } from '../context.ts'

const readById = coalesce<TaskRunRow>({
  maxBatch: 200,
  read: (sql, workspaceId, ids) => sql<TaskRunRow[]>`
    select ${taskRunColumns(sql)} from task_runs t
    where t.workspace_id = ${workspaceId} and t.id = any(${[...ids]}::uuid[])`,
})

/** Throws NotFound. */
export async function readTaskRun(ctx: Context, id: string): Promise<TaskRunRow> {
  requireScope(ctx, 'see_flows')
  const row = await readById(ctx.db, ctx.workspaceId, id.toLowerCase())
  if (!row) throw new NotFound('Task run')
  return row
}
