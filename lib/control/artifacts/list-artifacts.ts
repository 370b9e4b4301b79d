import type { Transaction } from '../../db/clients.ts'
import { type ArtifactRow, artifactColumns } from '../../db/rows/artifact.ts'
import { readWorkspace } from '../../db/scope.ts'
import { type Context, requireScope } from '../context.ts'
import { type ArtifactFilters, onArtifacts } from '../filters/data-filters.ts'
import type { Fragment } from '../filters/operators.ts'

export const artifactSorts = ['ID_DESC', 'KEY_ASC', 'KEY_DESC', 'CREATED_DESC', 'UPDATED_DESC'] as const
export type ArtifactSort = (typeof artifactSorts)[number]

const orders = {
  ID_DESC: (sql) => sql`a.id desc`,
  KEY_ASC: (sql) => sql`a.key, a.id`,
  KEY_DESC: (sql) => sql`a.key desc nulls last, a.id desc`,
  CREATED_DESC: (sql) => sql`a.created_at desc, a.id desc`,
  UPDATED_DESC: (sql) => sql`a.updated_at desc, a.id desc`,
} as const satisfies Record<ArtifactSort, (sql: Transaction) => Fragment>

export interface ListArtifacts<Filters = ArtifactFilters> {
  readonly filters: Filters
  readonly sort: ArtifactSort
  readonly limit: number
  readonly offset: number
}

export async function listArtifacts(
  ctx: Context,
  { filters, sort, limit, offset }: ListArtifacts,
): Promise<readonly ArtifactRow[]> {
  requireScope(ctx, 'see_artifacts')
  return readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<ArtifactRow[]>`
      select ${artifactColumns(sql)} from artifacts a
      where a.workspace_id = ${ctx.workspaceId} ${onArtifacts(sql, ctx.workspaceId, filters)}
      order by ${orders[sort](sql)} limit ${limit} offset ${offset}`,
  )
}

export async function countArtifacts(ctx: Context, filters: ArtifactFilters): Promise<number> {
  requireScope(ctx, 'see_artifacts')
  const [row] = await readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<{ count: number }[]>`
      select count(*)::int as count from artifacts a
      where a.workspace_id = ${ctx.workspaceId} ${onArtifacts(sql, ctx.workspaceId, filters)}`,
  )
  return row?.count ?? 0
}
