import { type SavedSearchRow, savedSearchColumns } from '../../db/rows/saved-search.ts'
import { inWorkspace } from '../../db/scope.ts'
import { uuidv7 } from '../../db/uuid.ts'
import type { RawJson } from '../../domain/state.ts'
import { type Context, requireScope } from '../context.ts'
import { requireStorable } from '../storable-json.ts'

/** Keeps a search under its name; what had the name before is replaced. */
export async function saveSearch(
  ctx: Context,
  { name, filters }: { readonly name: string; readonly filters: RawJson },
): Promise<SavedSearchRow> {
  requireScope(ctx, 'manage_saved_search')
  requireStorable(filters, 'The filters of a search')
  const [row] = await inWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<SavedSearchRow[]>`
      insert into saved_searches as s (workspace_id, id, name, filters)
      values (${ctx.workspaceId}, ${uuidv7()}, ${name}, ${filters}::text::json)
      on conflict (workspace_id, name) do update set filters = excluded.filters, updated_at = now()
      returning ${savedSearchColumns(sql)}`,
  )
  if (!row) throw new Error('insert … returning gave no row')
  return row
}
