import type { Queryable } from '../clients.ts'

/** A flow as it is stored. Instants are text. */
export interface FlowRow {
  readonly id: string
  readonly name: string
  readonly tags: readonly string[]
  readonly labels: Readonly<Record<string, unknown>>
  readonly createdAt: string
  readonly updatedAt: string
}

/** The columns of FlowRow, for `select ${flowColumns(sql)} from flows f …`. */
export const flowColumns = (sql: Queryable) => sql`f.id, f.name, f.tags, f.labels, f.created_at, f.updated_at`
