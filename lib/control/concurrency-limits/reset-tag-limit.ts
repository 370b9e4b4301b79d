import { inWorkspace } from '../../db/scope.ts'
import { uuidv7 } from '../../db/uuid.ts'
import { NotFound } from '../../domain/problem.ts'
import { formatInstant } from '../../domain/time.ts'
import type { Engine } from '../../engine/engine.ts'
import { type Context, requireScope } from '../context.ts'
import { recordObjectEvent } from '../events/record-object-event.ts'
import { limitEvent } from './limit-event.ts'
import { findLimit } from './read-concurrency-limit.ts'
import { tagLimitName } from './tag-limits.ts'
import { wakeWaiters } from './wake-waiters.ts'

/** Ends all that is held of a tag's limit; the task runs that are named hold a slot each from now on. Throws NotFound. */
export async function resetTagLimit(
  ctx: Context,
  engine: Engine,
  { tag, taskRunIds }: { readonly tag: string; readonly taskRunIds: readonly string[] },
): Promise<void> {
  requireScope(ctx, 'manage_concurrency_limits')
  const name = tagLimitName(tag)
  const holders = [...new Set(taskRunIds)]
  const row = await inWorkspace(ctx.db, ctx.workspaceId, async (sql) => {
    const [limit] = await sql<{ id: string }[]>`
      select id from concurrency_limits where workspace_id = ${ctx.workspaceId} and name = ${name} for update`
    if (!limit) throw new NotFound('Concurrency Limit')
    await sql`delete from slot_leases where workspace_id = ${ctx.workspaceId} and limit_id = ${limit.id}`
    await sql`
      insert into slot_leases (workspace_id, limit_id, id, slots, holder_type, holder_id, held_since)
      select ${ctx.workspaceId}, ${limit.id}, k.id, 1, 'task_run', k.holder, ${formatInstant(ctx.nowMicros())}
      from unnest(${holders.map(() => uuidv7())}::uuid[], ${holders}::uuid[]) k (id, holder)`
    return findLimit(sql, ctx, limit)
  })
  if (!row) throw new NotFound('Concurrency Limit')
  wakeWaiters(ctx, engine, row)
  await recordObjectEvent(ctx, engine, limitEvent('updated', row))
}
