import type { Transaction } from '../../db/clients.ts'
import { readWorkspace } from '../../db/scope.ts'
import { type Context, requireScope } from '../context.ts'
import { containing } from './columns.ts'

/** An artifact as a row: its data is cut, since only its first words are shown. */
export interface ArtifactListRow {
  readonly id: string
  readonly key: string | null
  readonly type: string | null
  readonly description: string | null
  readonly data: string | null
  readonly flowRunId: string | null
  readonly flowRunName: string | null
  readonly at: string
}

export interface ArtifactListing {
  readonly rows: readonly ArtifactListRow[]
  readonly count: number
}

interface ListArtifacts {
  /** `key`: the latest of each key. */
  readonly by: 'key' | 'one'
  /** Part of a key. */
  readonly like?: string | null
  readonly key?: string
  readonly flowRunId?: string
  readonly pageSize: number
  readonly offset: number
}

/** Longer data is not read for a list: what it begins with could be cut within a character of JSON. */
const mostData = 2000

const columns = (sql: Transaction) => sql`
  a.id, a.key, a.type, left(a.description, 500) as description,
  case when length(a.data::text) <= ${mostData} then a.data::text end as data,
  a.flow_run_id as "flowRunId",
  (select r.name from flow_runs r where r.workspace_id = a.workspace_id and r.id = a.flow_run_id) as "flowRunName"`

/** Artifacts, newest first; or keys by their name, each shown by its latest. */
export async function listArtifacts(ctx: Context, input: ListArtifacts): Promise<ArtifactListing> {
  requireScope(ctx, 'see_artifacts')
  const { by, like, key, flowRunId, pageSize, offset } = input
  return readWorkspace(ctx.db, ctx.workspaceId, async (sql) => {
    const where = sql`
      ${like ? sql`and a.key ilike ${containing(like)}` : sql``}
      ${key ? sql`and a.key = ${key}` : sql``}
      ${flowRunId ? sql`and a.flow_run_id = ${flowRunId}` : sql``}`
    const from =
      by === 'key'
        ? sql`artifact_collections c join artifacts a on a.workspace_id = c.workspace_id and a.id = c.latest_id where c.workspace_id = ${ctx.workspaceId} ${where}`
        : sql`artifacts a where a.workspace_id = ${ctx.workspaceId} ${where}`
    const [rows, counted] = await Promise.all([
      by === 'key'
        ? sql<ArtifactListRow[]>`
            select ${columns(sql)}, c.updated_at as at from ${from} order by c.key limit ${pageSize} offset ${offset}`
        : sql<ArtifactListRow[]>`
            select ${columns(sql)}, a.created_at as at from ${from} order by a.created_at desc, a.id desc limit ${pageSize} offset ${offset}`,
      sql<{ count: number }[]>`select count(*)::int as count from ${from}`,
    ])
    return { rows, count: counted[0]?.count ?? 0 }
  })
}
