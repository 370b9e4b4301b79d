import { readWorkspace } from '../../db/scope.ts'
import { NotFound } from '../../domain/problem.ts'
import type { Engine } from '../../engine/engine.ts'
import { type Context, requireScope } from '../context.ts'
import { isLimit, type WhichLimit } from './read-concurrency-limit.ts'

/**
 * Ends a lease that holds slots of a limit, on whatever other limits it is too: its holder is told so when it renews, and others get
 * the slots at once. Throws NotFound.
 */
export async function evictHolder(
  ctx: Context,
  engine: Engine,
  which: WhichLimit,
  leaseId: string,
): Promise<void> {
  requireScope(ctx, 'manage_concurrency_limits')
  const [held] = await readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<{ id: string }[]>`
      select s.id from concurrency_limits l join slot_leases s on s.workspace_id = l.workspace_id and s.limit_id = l.id
      where l.workspace_id = ${ctx.workspaceId} and ${isLimit(sql, which)} and s.id = ${leaseId}`,
  )
  if (!held) throw new NotFound('Lease')
  const ended = await engine.slots.settle({ type: 'end', workspaceId: ctx.workspaceId, leaseId })
  // It was given back, or ran out, in the same moment: it is gone either way, but not by us.
  if (ended.type === 'given' && ended.limits.length === 0) throw new NotFound('Lease')
}
