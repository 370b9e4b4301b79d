import type { Transaction } from '../../db/clients.ts'
import { type AutomationRow, automationColumns } from '../../db/rows/automation.ts'
import { readWorkspace } from '../../db/scope.ts'
import { NotFound } from '../../domain/problem.ts'
import { type Context, requireScope } from '../context.ts'

/** Throws NotFound. */
export async function readAutomation(ctx: Context, id: string): Promise<AutomationRow> {
  requireScope(ctx, 'see_automations')
  return readWorkspace(ctx.db, ctx.workspaceId, (sql) => automationById(sql, ctx.workspaceId, id))
}

/** Throws NotFound. */
export async function automationById(
  sql: Transaction,
  workspaceId: string,
  id: string,
): Promise<AutomationRow> {
  const [row] = await sql<AutomationRow[]>`
    select ${automationColumns(sql)} from automations a where a.workspace_id = ${workspaceId} and a.id = ${id}`
  if (!row) throw new NotFound('Automation')
  return row
}
