import type { Transaction } from '../../db/clients.ts'
import { type ConcurrencyLimitRow, concurrencyLimitColumns } from '../../db/rows/concurrency-limit.ts'
import { readWorkspace } from '../../db/scope.ts'
import { NotFound } from '../../domain/problem.ts'
import { formatInstant } from '../../domain/time.ts'
import { type Context, requireScope } from '../context.ts'
import type { Fragment } from '../filters/operators.ts'

/** `idOrName` is an id when it can be one, unless a limit is named so. */
export type WhichLimit = { readonly id: string } | { readonly name: string } | { readonly idOrName: string }

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** `l` is concurrency_limits. */
export function isLimit(sql: Transaction, which: WhichLimit): Fragment {
  if ('id' in which) return sql`l.id = ${which.id}`
  if ('name' in which) return sql`l.name = ${which.name}`
  const { idOrName } = which
  return uuid.test(idOrName) ? sql`(l.id = ${idOrName} or l.name = ${idOrName})` : sql`l.name = ${idOrName}`
}

/** Throws NotFound. */
export async function readConcurrencyLimit(ctx: Context, which: WhichLimit): Promise<ConcurrencyLimitRow> {
  requireScope(ctx, 'see_concurrency_limits')
  const row = await readWorkspace(ctx.db, ctx.workspaceId, (sql) => findLimit(sql, ctx, which))
  if (!row) throw new NotFound('Concurrency Limit')
  return row
}

export async function findLimit(
  sql: Transaction,
  { workspaceId, nowMicros }: Pick<Context, 'workspaceId' | 'nowMicros'>,
  which: WhichLimit,
): Promise<ConcurrencyLimitRow | undefined> {
  const [row] = await sql<ConcurrencyLimitRow[]>`
    select ${concurrencyLimitColumns(sql, formatInstant(nowMicros()))}
    from concurrency_limits l where l.workspace_id = ${workspaceId} and ${isLimit(sql, which)}`
  return row
}
