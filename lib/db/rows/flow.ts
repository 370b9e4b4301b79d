import type { Queryable } from '../clients.ts'
import type { Creator } from './work-pool.ts'

/** A flow as it is stored. Instants are text. */
export interface FlowRow {
  readonly id: string
  readonly name: string
  readonly tags: readonly string[]
  readonly labels: Readonly<Record<string, unknown>>
  readonly createdBy: Creator | null
  readonly updatedBy: Creator | null
  readonly createdAt: string
  readonly updatedAt: string
}

/** The columns of FlowRow, for `select ${flowColumns(sql)} from flows f …`. */
export const flowColumns = (sql: Queryable) =>
  sql`f.id, f.name, f.tags, f.labels, f.created_by, f.updated_by, f.created_at, f.updated_at`
