import { type VariableRow, variableColumns } from '../../db/rows/variable.ts'
import { inWorkspace } from '../../db/scope.ts'
import { NotFound } from '../../domain/problem.ts'
import type { Engine } from '../../engine/engine.ts'
import { type Context, requireScope } from '../context.ts'
import { recordObjectEvent } from '../events/record-object-event.ts'
import { isVariable, type WhichVariable } from './read-variable.ts'
import { variableEvent } from './variable-event.ts'

/** Throws NotFound. */
export async function deleteVariable(ctx: Context, engine: Engine, which: WhichVariable): Promise<void> {
  requireScope(ctx, 'manage_variables')
  const [row] = await inWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<VariableRow[]>`
      delete from variables v where v.workspace_id = ${ctx.workspaceId} and ${isVariable(sql, which)}
      returning ${variableColumns(sql)}`,
  )
  if (!row) throw new NotFound('Variable')
  await recordObjectEvent(ctx, engine, variableEvent('deleted', row))
}
