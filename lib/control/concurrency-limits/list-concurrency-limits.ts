import type { Transaction } from '../../db/clients.ts'
import { type ConcurrencyLimitRow, concurrencyLimitColumns } from '../../db/rows/concurrency-limit.ts'
import { readWorkspace } from '../../db/scope.ts'
import { formatInstant } from '../../domain/time.ts'
import { type Context, requireScope } from '../context.ts'
import { tagLimitName } from './tag-limits.ts'

export interface ListLimits {
  /** Limits on tags only; else all. */
  readonly onTags?: true
  readonly limit: number
  readonly offset: number
}

/** By name. */
export async function listConcurrencyLimits(
  ctx: Context,
  { onTags, limit, offset }: ListLimits,
): Promise<readonly ConcurrencyLimitRow[]> {
  requireScope(ctx, 'see_concurrency_limits')
  return readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<ConcurrencyLimitRow[]>`
      select ${concurrencyLimitColumns(sql, formatInstant(ctx.nowMicros()))} from concurrency_limits l
      where l.workspace_id = ${ctx.workspaceId} ${onTags ? areOnTags(sql) : sql``}
      order by l.name limit ${limit} offset ${offset}`,
  )
}

export async function countConcurrencyLimits(ctx: Context): Promise<number> {
  requireScope(ctx, 'see_concurrency_limits')
  const [row] = await readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<{ count: number }[]>`
      select count(*)::int as count from concurrency_limits l where l.workspace_id = ${ctx.workspaceId}`,
  )
  return row?.count ?? 0
}

const areOnTags = (sql: Transaction) => sql`and starts_with(l.name, ${tagLimitName('')})`
