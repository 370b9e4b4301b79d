import { type VariableRow, variableColumns } from '../../db/rows/variable.ts'
import { inWorkspace } from '../../db/scope.ts'
import { uuidv7 } from '../../db/uuid.ts'
import { Conflict } from '../../domain/problem.ts'
import type { RawJson } from '../../domain/state.ts'
import type { Engine } from '../../engine/engine.ts'
import { type Context, requireScope } from '../context.ts'
import { recordObjectEvent } from '../events/record-object-event.ts'
import { variableEvent } from './variable-event.ts'
import { checkValue } from './variable-value.ts'

export interface NewVariable {
  readonly name: string
  readonly value: RawJson
  readonly tags: readonly string[]
}

/** Throws Conflict when the name is taken, BadInput for a value that is too long. */
export async function createVariable(
  ctx: Context,
  engine: Engine,
  { name, value, tags }: NewVariable,
): Promise<VariableRow> {
  requireScope(ctx, 'write_variables')
  checkValue(value)
  const [row] = await inWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<VariableRow[]>`
      insert into variables as v (workspace_id, id, name, value, tags)
      values (${ctx.workspaceId}, ${uuidv7()}, ${name}, ${value}::text::json, ${[...tags]}::text[])
      on conflict (workspace_id, name) do nothing returning ${variableColumns(sql)}`,
  )
  if (!row) throw nameTaken(name)
  await recordObjectEvent(ctx, engine, variableEvent('created', row))
  return row
}

export const nameTaken = (name: string) =>
  new Conflict(`A variable named ${name} already exists. Change that one, or choose another name.`)
