import type { Transaction } from '../../db/clients.ts'
import { type VariableRow, variableColumns } from '../../db/rows/variable.ts'
import { readWorkspace } from '../../db/scope.ts'
import { NotFound } from '../../domain/problem.ts'
import { type Context, requireScope } from '../context.ts'
import type { Fragment } from '../filters/operators.ts'

export type WhichVariable = { readonly id: string } | { readonly name: string }

/** `v` is variables. */
export const isVariable = (sql: Transaction, which: WhichVariable): Fragment =>
  'id' in which ? sql`v.id = ${which.id}` : sql`v.name = ${which.name}`

/** Throws NotFound. */
export async function readVariable(ctx: Context, which: WhichVariable): Promise<VariableRow> {
  requireScope(ctx, 'see_variables')
  const [row] = await readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<VariableRow[]>`
      select ${variableColumns(sql)} from variables v where v.workspace_id = ${ctx.workspaceId} and ${isVariable(sql, which)}`,
  )
  if (!row) throw new NotFound('Variable')
  return row
}
