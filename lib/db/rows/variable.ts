import type { RawJson } from '../../domain/state.ts'
import type { Queryable } from '../clients.ts'

export interface VariableRow {
  readonly id: string
  readonly name: string
  readonly value: RawJson
  readonly tags: readonly string[]
  readonly createdAt: string
  readonly updatedAt: string
}

/** The columns of VariableRow; `v` is variables. */
export const variableColumns = (sql: Queryable) =>
  sql`v.id, v.name, v.value, v.tags, v.created_at, v.updated_at`
