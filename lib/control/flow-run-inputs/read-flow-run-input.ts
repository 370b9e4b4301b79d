import { readWorkspace } from '../../db/scope.ts'
import { NotFound } from '../../domain/problem.ts'
import { type Context, requireScope } from '../context.ts'

export interface WhichInput {
  readonly flowRunId: string
  readonly key: string
}

/** The value as its sender wrote it. Throws NotFound. */
export async function readFlowRunInput(ctx: Context, { flowRunId, key }: WhichInput): Promise<string> {
  requireScope(ctx, 'see_flows')
  const [row] = await readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<{ value: string }[]>`
      select value from flow_run_inputs
      where workspace_id = ${ctx.workspaceId} and flow_run_id = ${flowRunId} and key = ${key}`,
  )
  if (!row) throw new NotFound('Flow run input')
  return row.value
}
