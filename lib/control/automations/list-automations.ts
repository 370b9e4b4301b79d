import type { Transaction } from '../../db/clients.ts'
import { type AutomationRow, automationColumns } from '../../db/rows/automation.ts'
import { readWorkspace } from '../../db/scope.ts'
import { type Context, requireScope } from '../context.ts'
import { type AutomationFilter, onAutomations } from '../filters/data-filters.ts'
import type { Fragment } from '../filters/operators.ts'

export const automationSorts = ['NAME_ASC', 'NAME_DESC', 'CREATED_DESC', 'UPDATED_DESC'] as const
export type AutomationSort = (typeof automationSorts)[number]

/** Names need not be unique. */
const orders = {
  NAME_ASC: (sql) => sql`a.name, a.id`,
  NAME_DESC: (sql) => sql`a.name desc, a.id desc`,
  CREATED_DESC: (sql) => sql`a.created_at desc, a.id desc`,
  UPDATED_DESC: (sql) => sql`a.updated_at desc, a.id desc`,
} as const satisfies Record<AutomationSort, (sql: Transaction) => Fragment>

export interface ListAutomations {
  readonly filter: AutomationFilter | null
  readonly sort: AutomationSort
  readonly limit: number
  readonly offset: number
}

export async function listAutomations(
  ctx: Context,
  { filter, sort, limit, offset }: ListAutomations,
): Promise<readonly AutomationRow[]> {
  requireScope(ctx, 'see_automations')
  return readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<AutomationRow[]>`
      select ${automationColumns(sql)} from automations a
      where a.workspace_id = ${ctx.workspaceId} ${onAutomations(sql, filter)}
      order by ${orders[sort](sql)} limit ${limit} offset ${offset}`,
  )
}

export async function countAutomations(ctx: Context, filter: AutomationFilter | null): Promise<number> {
  requireScope(ctx, 'see_automations')
  const [row] = await readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<{ count: number }[]>`
      select count(*)::int as count from automations a where a.workspace_id = ${ctx.workspaceId} ${onAutomations(sql, filter)}`,
  )
  return row?.count ?? 0
}

/** Those that a resource owns, and those whose actions select it; 200 at most. */
export async function listRelatedAutomations(
  ctx: Context,
  resourceId: string,
): Promise<readonly AutomationRow[]> {
  requireScope(ctx, 'see_automations')
  return readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<AutomationRow[]>`
      select ${automationColumns(sql)} from automations a
      where a.workspace_id = ${ctx.workspaceId} and a.related_ids @> ${[resourceId]}::text[]
      order by a.name, a.id limit 200`,
  )
}
