import type { Transaction } from '../../db/clients.ts'
import type { DeploymentRow } from '../../db/rows/deployment.ts'
import { inWorkspace } from '../../db/scope.ts'
import { NotFound, Problem } from '../../domain/problem.ts'
import type { Engine } from '../../engine/engine.ts'
import { type Context, requireScope } from '../context.ts'
import { recordObjectEvent } from '../events/record-object-event.ts'
import { RunConditions, type RunFilters } from '../filters/run-filters.ts'
import { type Removed, removeFlowRuns } from '../flow-runs/remove-flow-runs.ts'
import { announceTakenBack } from '../schedules/announce-taken-back.ts'
import { deploymentEvent } from './deployment-event.ts'
import { deploymentById } from './read-deployment.ts'
import { removeOwnLimit } from './write-limit.ts'

/** With its schedules, versions, own limit and the runs that are scheduled; other runs stay, without a deployment. Throws NotFound. */
export async function deleteDeployment(ctx: Context, engine: Engine, id: string): Promise<void> {
  requireScope(ctx, 'manage_deployments')
  const [row, runs] = await inWorkspace(ctx.db, ctx.workspaceId, (sql) => remove(sql, ctx.workspaceId, id))
  engine.signals.emit(runs.signals)
  announceTakenBack(ctx, engine, runs.ids)
  await recordObjectEvent(ctx, engine, deploymentEvent('deleted', row))
}

/** Deletes those that match, `limit` at most, each in a transaction of its own; answers the ids of those that are gone. */
export async function deleteDeployments(
  ctx: Context,
  engine: Engine,
  filters: RunFilters,
  limit: number,
): Promise<readonly string[]> {
  requireScope(ctx, 'manage_deployments')
  const { workspaceId } = ctx
  const found = await inWorkspace(
    ctx.db,
    workspaceId,
    (sql) => sql<{ id: string }[]>`
      select d.id from deployments d
      where d.workspace_id = ${workspaceId} ${new RunConditions(sql, workspaceId).onDeployments(filters)}
      order by d.id limit ${limit}`,
  )
  const deleted: string[] = []
  for (const { id } of found) {
    try {
      await deleteDeployment(ctx, engine, id)
      deleted.push(id)
    } catch (error) {
      // Somebody else deleted it first.
      if (!(error instanceof Problem && error.code === 'not-found')) throw error
    }
  }
  return deleted
}

async function remove(sql: Transaction, workspaceId: string, id: string): Promise<[DeploymentRow, Removed]> {
  // Before the deployment itself, as the scheduler does, so that neither waits for the other in a circle.
  await sql`
    select id from deployment_schedules where workspace_id = ${workspaceId} and deployment_id = ${id} order by id for update`
  const [locked] =
    await sql`select id from deployments where workspace_id = ${workspaceId} and id = ${id} for update`
  if (!locked) throw new NotFound('Deployment')
  const row = await deploymentById(sql, workspaceId, id)
  const scheduled = await sql<{ id: string }[]>`
    select r.id from flow_runs r
    where r.workspace_id = ${workspaceId} and r.deployment_id = ${id} and r.next_scheduled_start_at is not null
      and r.state_type = 'SCHEDULED'
    order by r.id for update of r`
  const runs = await removeFlowRuns(
    sql,
    workspaceId,
    scheduled.map((run) => run.id),
  )
  await sql`delete from deployments where workspace_id = ${workspaceId} and id = ${id}`
  await removeOwnLimit(sql, workspaceId, id)
  return [row, runs]
}
