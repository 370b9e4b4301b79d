import type { ConcurrencyLimitRow } from '../../db/rows/concurrency-limit.ts'
import { inWorkspace } from '../../db/scope.ts'
import { uuidv7 } from '../../db/uuid.ts'
import type { Engine } from '../../engine/engine.ts'
import { type Context, requireScope } from '../context.ts'
import { recordObjectEvent } from '../events/record-object-event.ts'
import { limitEvent } from './limit-event.ts'
import { findLimit } from './read-concurrency-limit.ts'
import { tagLimitName } from './tag-limits.ts'
import { wakeWaiters } from './wake-waiters.ts'

/** Makes the limit of a tag, or changes how many slots it has. */
export async function saveTagLimit(
  ctx: Context,
  engine: Engine,
  { tag, slotLimit }: { readonly tag: string; readonly slotLimit: number },
): Promise<{ readonly created: boolean; readonly row: ConcurrencyLimitRow }> {
  requireScope(ctx, 'manage_concurrency_limits')
  const name = tagLimitName(tag)
  const saved = await inWorkspace(ctx.db, ctx.workspaceId, async (sql) => {
    const [made] = await sql<{ created: boolean }[]>`
      insert into concurrency_limits as l (workspace_id, id, name, slot_limit)
      values (${ctx.workspaceId}, ${uuidv7()}, ${name}, ${slotLimit})
      on conflict (workspace_id, name) do update set slot_limit = excluded.slot_limit, updated_at = now()
      returning l.xmax = 0 as created`
    const row = await findLimit(sql, ctx, { name })
    return row && { created: made?.created ?? false, row }
  })
  // It was written in the same transaction.
  if (!saved) throw new Error('a limit that was just saved is not there')
  if (!saved.created) wakeWaiters(ctx, engine, saved.row)
  await recordObjectEvent(ctx, engine, limitEvent(saved.created ? 'created' : 'updated', saved.row))
  return saved
}
