import { coalesce } from '../../db/coalesce.ts'
import { type FlowRunRow, flowRunColumns } from '../../db/rows/flow-run.ts'
import { NotFound } from '../../domain/problem.ts'
import { type Context, requireScope } from '../context.ts'

// Clients and runners poll this one: under load most reads share a statement.
const readById = coalesce<FlowRunRow>({
  maxBatch: 100,
  read: (sql, workspaceId, ids) => sql<FlowRunRow[]>`
    select ${flowRunColumns(sql)} from flow_runs r
    join flows f on f.workspace_id = r.workspace_id and f.id = r.flow_id
    where r.workspace_id = ${workspaceId} and r.id = any(${[...ids]}::uuid[])`,
})

/** Throws NotFound. */
export async function readFlowRun(ctx: Context, id: string): Promise<FlowRunRow> {
  requireScope(ctx, 'see_flows')
  const row = await readById(ctx.db, ctx.workspaceId, id.toLowerCase())
  if (!row) throw new NotFound('Flow run')
  return row
}
