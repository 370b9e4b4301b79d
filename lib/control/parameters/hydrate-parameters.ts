import type { Transaction } from '../../db/clients.ts'
import {
  CannotHydrate,
  hydrate,
  mayHoldPlaceholders,
  variablesNamedIn,
} from '../../domain/parameters/hydrate.ts'
import { BadInput } from '../../domain/problem.ts'
import type { RawJson } from '../../domain/state.ts'
import { requireStorable } from '../storable-json.ts'
import { renderJinja } from './render-jinja.ts'

/** Replaces placeholders by what they stand for in this workspace. Throws BadInput, answered with 400. */
export async function hydrateParameters(
  sql: Transaction,
  workspaceId: string,
  parameters: RawJson,
): Promise<RawJson> {
  if (!mayHoldPlaceholders(parameters)) return parameters
  requireStorable(parameters, 'Parameters')
  const names = variablesNamedIn(parameters)
  const rows =
    names.length === 0
      ? []
      : await sql<{ name: string; value: RawJson }[]>`
          select name, value from variables where workspace_id = ${workspaceId} and name = any(${[...names]}::text[])`
  const variables = new Map(rows.map((row) => [row.name, row.value]))
  try {
    return hydrate(parameters, { variable: (name) => variables.get(name), renderJinja })
  } catch (error) {
    if (error instanceof CannotHydrate) throw new BadInput(error.message, { status: 400 })
    throw error
  }
}
