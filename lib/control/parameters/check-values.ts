import { readWorkspace } from '../../db/scope.ts'
import type { FieldError } from '../../domain/parameters/compile-schema.ts'
import type { RawJson } from '../../domain/state.ts'
import { type Context, requireScope } from '../context.ts'
import { findErrors } from './check-parameters.ts'
import { hydrateParameters } from './hydrate-parameters.ts'

/** What is wrong with values, placeholders filled in, before they are used. Throws BadInput for a schema that cannot be. */
export async function checkValues(
  ctx: Context,
  { schema, values }: { readonly schema: RawJson; readonly values: RawJson },
): Promise<readonly FieldError[]> {
  requireScope(ctx, 'see_deployments')
  const filled = await readWorkspace(ctx.db, ctx.workspaceId, (sql) =>
    hydrateParameters(sql, ctx.workspaceId, values),
  )
  return findErrors(schema, filled)
}
