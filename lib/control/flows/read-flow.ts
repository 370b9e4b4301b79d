import { type FlowRow, flowColumns } from '../../db/rows/flow.ts'
import { readWorkspace } from '../../db/scope.ts'
import { NotFound } from '../../domain/problem.ts'
import { type Context, requireScope } from '../context.ts'

/** By id or by name. Throws NotFound. */
export async function readFlow(
  ctx: Context,
  by: { readonly id: string } | { readonly name: string },
): Promise<FlowRow> {
  requireScope(ctx, 'see_flows')
  const [row] = await readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<FlowRow[]>`
      select ${flowColumns(sql)} from flows f
      where f.workspace_id = ${ctx.workspaceId} and ${'id' in by ? sql`f.id = ${by.id}` : sql`f.name = ${by.name}`}`,
  )
  if (!row) throw new NotFound('Flow')
  return row
}
