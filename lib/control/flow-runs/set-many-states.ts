import { readWorkspace } from '../../db/scope.ts'
import type { ClientView, ProposedState } from '../../domain/orchestration/decide.ts'
import type { Engine, TransitionResult } from '../../engine/engine.ts'
import { type Context, requireScope } from '../context.ts'
import { RunConditions, type RunFilters } from '../filters/run-filters.ts'

export interface SetManyStates {
  readonly filters: RunFilters
  readonly state: ProposedState
  readonly policy: 'core' | 'minimal'
  readonly limit: number
  readonly client: ClientView
}

/** Proposes one state to each run that matches. What goes wrong with one run is its own ABORT, with the reason. */
export async function setManyStates(
  ctx: Context,
  engine: Engine,
  { filters, limit, ...proposal }: SetManyStates,
): Promise<readonly { readonly flowRunId: string; readonly result: TransitionResult }[]> {
  requireScope(ctx, 'run_flows')
  const { workspaceId } = ctx
  const runs = await readWorkspace(
    ctx.db,
    workspaceId,
    (sql) => sql<{ id: string }[]>`
      select r.id from flow_runs r where r.workspace_id = ${workspaceId} ${new RunConditions(sql, workspaceId).onFlowRuns(filters)}
      order by r.id limit ${limit}`,
  )
  return Promise.all(
    runs.map(async ({ id }) => ({
      flowRunId: id,
      result: await engine.setFlowRunState({ workspaceId, runId: id, ...proposal }).catch(
        (error: unknown): TransitionResult => ({
          verdict: 'ABORT',
          reason: error instanceof Error ? error.message : 'Unknown error',
          delaySeconds: 0,
          state: null,
          written: false,
        }),
      ),
    })),
  )
}
