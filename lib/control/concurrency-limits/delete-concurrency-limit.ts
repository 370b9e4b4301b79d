import { inWorkspace } from '../../db/scope.ts'
import { NotFound } from '../../domain/problem.ts'
import type { Engine } from '../../engine/engine.ts'
import { type Context, requireScope } from '../context.ts'
import { recordObjectEvent } from '../events/record-object-event.ts'
import { limitEvent } from './limit-event.ts'
import { findLimit, type WhichLimit } from './read-concurrency-limit.ts'
import { wakeDeployments, wakeWaiters } from './wake-waiters.ts'

/** What was held of it is held of nothing. Throws NotFound. */
export async function deleteConcurrencyLimit(ctx: Context, engine: Engine, which: WhichLimit): Promise<void> {
  requireScope(ctx, 'manage_concurrency_limits')
  const deleted = await inWorkspace(ctx.db, ctx.workspaceId, async (sql) => {
    const found = await findLimit(sql, ctx, which)
    if (!found) return undefined
    const deployments = await sql<{ id: string }[]>`
      select id from deployments where workspace_id = ${ctx.workspaceId} and concurrency_limit_id = ${found.id}`
    const gone =
      await sql`delete from concurrency_limits where workspace_id = ${ctx.workspaceId} and id = ${found.id}`
    return gone.count === 0 ? undefined : { found, deploymentIds: deployments.map(({ id }) => id) }
  })
  if (!deleted) throw new NotFound('Concurrency Limit')
  const { found, deploymentIds } = deleted
  wakeWaiters(ctx, engine, found)
  wakeDeployments(ctx, engine, deploymentIds, null)
  await recordObjectEvent(ctx, engine, limitEvent('deleted', found))
}
