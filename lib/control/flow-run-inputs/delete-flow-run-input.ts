import { inWorkspace } from '../../db/scope.ts'
import { NotFound } from '../../domain/problem.ts'
import { type Context, requireScope } from '../context.ts'
import type { WhichInput } from './read-flow-run-input.ts'

/** Throws NotFound. */
export async function deleteFlowRunInput(ctx: Context, { flowRunId, key }: WhichInput): Promise<void> {
  requireScope(ctx, 'manage_flows')
  const deleted = await inWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql`
      delete from flow_run_inputs
      where workspace_id = ${ctx.workspaceId} and flow_run_id = ${flowRunId} and key = ${key}`,
  )
  if (deleted.count === 0) throw new NotFound('Flow run input')
}
