import type { RawJson } from '../../domain/state.ts'
import type { Queryable } from '../clients.ts'

export interface SavedSearchRow {
  readonly id: string
  readonly name: string
  readonly filters: RawJson
  readonly createdAt: string
  readonly updatedAt: string
}

/** The columns of SavedSearchRow; `s` is saved_searches. */
export const savedSearchColumns = (sql: Queryable) => sql`s.id, s.name, s.filters, s.created_at, s.updated_at`
