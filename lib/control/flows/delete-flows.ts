import type { Transaction } from '../../db/clients.ts'
import { type FlowRow, flowColumns } from '../../db/rows/flow.ts'
import { inWorkspace } from '../../db/scope.ts'
import { NotFound } from '../../domain/problem.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Signal } from '../../engine/signals.ts'
import { type Context, requireScope } from '../context.ts'
import { removeLimitsOfFlow } from '../deployments/write-limit.ts'
import { recordObjectEvent } from '../events/record-object-event.ts'
import { RunConditions, type RunFilters } from '../filters/run-filters.ts'
import { removeFlowRuns } from '../flow-runs/remove-flow-runs.ts'
import { lockSchedulesOfFlow } from '../schedules/write-schedules.ts'
import { flowEvent } from './flow-event.ts'

/** Deletes a flow with its runs. Throws NotFound. */
export async function deleteFlow(ctx: Context, engine: Engine, id: string): Promise<void> {
  requireScope(ctx, 'manage_flows')
  if (!(await deleteOne(ctx, engine, id))) throw new NotFound('Flow')
}

/** Deletes the flows that match, `limit` at most, each in a transaction of its own; answers the ids of those that are gone. */
export async function deleteFlows(
  ctx: Context,
  engine: Engine,
  filters: RunFilters,
  limit: number,
): Promise<readonly string[]> {
  requireScope(ctx, 'manage_flows')
  const { workspaceId } = ctx
  const found = await inWorkspace(
    ctx.db,
    workspaceId,
    (sql) => sql<{ id: string }[]>`
      select f.id from flows f where f.workspace_id = ${workspaceId} ${new RunConditions(sql, workspaceId).onFlows(filters)}
      order by f.id limit ${limit}`,
  )
  const deleted: string[] = []
  for (const { id } of found) {
    if (await deleteOne(ctx, engine, id)) deleted.push(id)
  }
  return deleted
}

/** Answers whether it was there. */
async function deleteOne(ctx: Context, engine: Engine, id: string): Promise<boolean> {
  const signals: Signal[] = []
  const flow = await inWorkspace(ctx.db, ctx.workspaceId, (sql) =>
    removeFlow(sql, ctx.workspaceId, id, signals),
  )
  engine.signals.emit(signals)
  if (!flow) return false
  await recordObjectEvent(ctx, engine, flowEvent('deleted', flow))
  return true
}

const RUNS_AT_ONCE = 1_000

/** `signals` gets what is to be told once that is committed. */
async function removeFlow(
  sql: Transaction,
  workspaceId: string,
  id: string,
  signals: Signal[],
): Promise<FlowRow | undefined> {
  await lockSchedulesOfFlow(sql, workspaceId, id)
  // Locked, so that no run is made of it meanwhile.
  const [flow] = await sql<FlowRow[]>`
    select ${flowColumns(sql)} from flows f where f.workspace_id = ${workspaceId} and f.id = ${id} for update`
  if (!flow) return undefined
  for (;;) {
    const runs = await sql<{ id: string }[]>`
      select id from flow_runs where workspace_id = ${workspaceId} and flow_id = ${id} limit ${RUNS_AT_ONCE}`
    if (runs.length === 0) break
    const removed = await removeFlowRuns(
      sql,
      workspaceId,
      runs.map((run) => run.id),
    )
    signals.push(...removed.signals)
  }
  await removeLimitsOfFlow(sql, workspaceId, id)
  await sql`delete from flows where workspace_id = ${workspaceId} and id = ${id}`
  return flow
}
