import type { Transaction } from '../../db/clients.ts'
import { type ArtifactCollectionRow, artifactCollectionColumns } from '../../db/rows/artifact.ts'
import { readWorkspace } from '../../db/scope.ts'
import { type Context, requireScope } from '../context.ts'
import { type ArtifactCollectionFilters, onArtifactCollections } from '../filters/data-filters.ts'
import type { Fragment } from '../filters/operators.ts'
import type { ArtifactSort, ListArtifacts } from './list-artifacts.ts'

const orders = {
  ID_DESC: (sql) => sql`c.id desc`,
  KEY_ASC: (sql) => sql`c.key`,
  KEY_DESC: (sql) => sql`c.key desc`,
  CREATED_DESC: (sql) => sql`c.created_at desc, c.id desc`,
  UPDATED_DESC: (sql) => sql`c.updated_at desc, c.id desc`,
} as const satisfies Record<ArtifactSort, (sql: Transaction) => Fragment>

const joined = (sql: Transaction): Fragment => sql`
  artifact_collections c join artifacts a on a.workspace_id = c.workspace_id and a.id = c.latest_id`

/** The latest artifact of each key. Filters ask about the latest only. */
export async function listArtifactCollections(
  ctx: Context,
  { filters, sort, limit, offset }: ListArtifacts<ArtifactCollectionFilters>,
): Promise<readonly ArtifactCollectionRow[]> {
  requireScope(ctx, 'see_artifacts')
  return readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<ArtifactCollectionRow[]>`
      select ${artifactCollectionColumns(sql)} from ${joined(sql)}
      where c.workspace_id = ${ctx.workspaceId} ${onArtifactCollections(sql, ctx.workspaceId, filters)}
      order by ${orders[sort](sql)} limit ${limit} offset ${offset}`,
  )
}

export async function countArtifactCollections(
  ctx: Context,
  filters: ArtifactCollectionFilters,
): Promise<number> {
  requireScope(ctx, 'see_artifacts')
  const [row] = await readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<{ count: number }[]>`
      select count(*)::int as count from ${joined(sql)}
      where c.workspace_id = ${ctx.workspaceId} ${onArtifactCollections(sql, ctx.workspaceId, filters)}`,
  )
  return row?.count ?? 0
}
