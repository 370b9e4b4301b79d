import { type VariableRow, variableColumns } from '../../db/rows/variable.ts'
import { inWorkspace } from '../../db/scope.ts'
import { NotFound } from '../../domain/problem.ts'
import type { Engine } from '../../engine/engine.ts'
import { type Context, requireScope } from '../context.ts'
import { recordObjectEvent } from '../events/record-object-event.ts'
import { isUniqueViolation } from '../users/unique-violation.ts'
import { type NewVariable, nameTaken } from './create-variable.ts'
import { isVariable, type WhichVariable } from './read-variable.ts'
import { variableEvent } from './variable-event.ts'
import { checkValue } from './variable-value.ts'

/** Absent members are left as they are. Throws NotFound, Conflict when the new name is taken, BadInput for a value that is too long. */
export async function updateVariable(
  ctx: Context,
  engine: Engine,
  which: WhichVariable,
  { name, value, tags }: Partial<NewVariable>,
): Promise<void> {
  requireScope(ctx, 'write_variables')
  if (value !== undefined) checkValue(value)
  const [row] = await inWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<VariableRow[]>`
      update variables v set updated_at = now()
        ${name === undefined ? sql`` : sql`, name = ${name}`}
        ${value === undefined ? sql`` : sql`, value = ${value}::text::json`}
        ${tags === undefined ? sql`` : sql`, tags = ${[...tags]}::text[]`}
      where v.workspace_id = ${ctx.workspaceId} and ${isVariable(sql, which)} returning ${variableColumns(sql)}`,
  ).catch((error: unknown) => {
    throw name !== undefined && isUniqueViolation(error) ? nameTaken(name) : error
  })
  if (!row) throw new NotFound('Variable')
  await recordObjectEvent(ctx, engine, variableEvent('updated', row))
}
