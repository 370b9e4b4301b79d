import { readWorkspace } from '../../db/scope.ts'
import { NotFound } from '../../domain/problem.ts'
import { type Context, requireScope } from '../context.ts'
import { type FlowRow, lastRunsOf } from './list-flows.ts'

export async function readFlow(ctx: Context, flowId: string): Promise<FlowRow> {
  requireScope(ctx, 'see_flows')
  return readWorkspace(ctx.db, ctx.workspaceId, async (sql) => {
    const [flow] = await sql<Omit<FlowRow, 'lastRuns'>[]>`
      select f.id, f.name, f.tags, f.created_at as "createdAt" from flows f
      where f.workspace_id = ${ctx.workspaceId} and f.id = ${flowId}`
    if (!flow) throw new NotFound('Flow')
    return { ...flow, lastRuns: [...(await lastRunsOf(sql, ctx.workspaceId, [flowId]))].reverse() }
  })
}
