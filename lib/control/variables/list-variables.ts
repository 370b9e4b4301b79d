import type { Transaction } from '../../db/clients.ts'
import { type VariableRow, variableColumns } from '../../db/rows/variable.ts'
import { readWorkspace } from '../../db/scope.ts'
import { type Context, requireScope } from '../context.ts'
import { onVariables, type VariableFilter } from '../filters/data-filters.ts'
import type { Fragment } from '../filters/operators.ts'

export const variableSorts = ['NAME_ASC', 'NAME_DESC', 'CREATED_DESC', 'UPDATED_DESC'] as const
export type VariableSort = (typeof variableSorts)[number]

const orders = {
  NAME_ASC: (sql) => sql`v.name`,
  NAME_DESC: (sql) => sql`v.name desc`,
  CREATED_DESC: (sql) => sql`v.created_at desc, v.id desc`,
  UPDATED_DESC: (sql) => sql`v.updated_at desc, v.id desc`,
} as const satisfies Record<VariableSort, (sql: Transaction) => Fragment>

export interface ListVariables {
  readonly filter: VariableFilter | null
  readonly sort: VariableSort
  readonly limit: number
  readonly offset: number
}

export async function listVariables(
  ctx: Context,
  { filter, sort, limit, offset }: ListVariables,
): Promise<readonly VariableRow[]> {
  requireScope(ctx, 'see_variables')
  return readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<VariableRow[]>`
      select ${variableColumns(sql)} from variables v
      where v.workspace_id = ${ctx.workspaceId} ${onVariables(sql, filter)}
      order by ${orders[sort](sql)} limit ${limit} offset ${offset}`,
  )
}

export async function countVariables(ctx: Context, filter: VariableFilter | null): Promise<number> {
  requireScope(ctx, 'see_variables')
  const [row] = await readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<{ count: number }[]>`
      select count(*)::int as count from variables v where v.workspace_id = ${ctx.workspaceId} ${onVariables(sql, filter)}`,
  )
  return row?.count ?? 0
}
