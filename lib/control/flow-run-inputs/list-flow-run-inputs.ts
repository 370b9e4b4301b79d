import { type FlowRunInputRow, flowRunInputColumns } from '../../db/rows/flow-run-input.ts'
import { readWorkspace } from '../../db/scope.ts'
import { NotFound } from '../../domain/problem.ts'
import { type Context, requireScope } from '../context.ts'

export interface ListFlowRunInputs {
  readonly flowRunId: string
  readonly prefix: string
  readonly excludeKeys: readonly string[]
  readonly limit: number
}

/** Inputs whose keys begin so, in the order of their making. Throws NotFound for an unknown run. */
export async function listFlowRunInputs(
  ctx: Context,
  { flowRunId, prefix, excludeKeys, limit }: ListFlowRunInputs,
): Promise<readonly FlowRunInputRow[]> {
  requireScope(ctx, 'see_flows')
  const { workspaceId } = ctx
  return readWorkspace(ctx.db, workspaceId, async (sql) => {
    const [[run], inputs] = await Promise.all([
      sql`select 1 from flow_runs where workspace_id = ${workspaceId} and id = ${flowRunId}`,
      sql<FlowRunInputRow[]>`
        select ${flowRunInputColumns(sql)} from flow_run_inputs i
        where i.workspace_id = ${workspaceId} and i.flow_run_id = ${flowRunId}
          and starts_with(i.key, ${prefix}) and i.key <> all(${[...excludeKeys]}::text[])
        order by i.created_at, i.id limit ${limit}`,
    ])
    if (!run) throw new NotFound('Flow run')
    return inputs
  })
}
