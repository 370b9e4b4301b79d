import type { Queryable } from '../clients.ts'

export interface FlowRunInputRow {
  readonly id: string
  readonly flowRunId: string
  readonly key: string
  readonly value: string
  readonly sender: string | null
  readonly createdAt: string
  readonly updatedAt: string
}

/** The columns of FlowRunInputRow; `i` is flow_run_inputs. */
export const flowRunInputColumns = (sql: Queryable) =>
  sql`i.id, i.flow_run_id, i.key, i.value, i.sender, i.created_at, i.updated_at`
