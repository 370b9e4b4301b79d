import type { Queryable } from '../db/clients.ts'
import type { FollowUpKind } from '../domain/orchestration/decide.ts'
import { formatInstant } from '../domain/time.ts'
import { plainArray } from './array-literal.ts'
import { byRun } from './key-order.ts'

/** A flow run to look at again at an instant. */
export interface FollowUp {
  readonly workspaceId: string
  readonly runId: string
  readonly kind: FollowUpKind
  readonly dueMicros: number
}

/** One of a kind a run: the newest says when. Sorted, so that batches of replicas meet them in one order. */
export const upsertFollowUps = (sql: Queryable, followUps: readonly FollowUp[]) => {
  const rows = byRun(followUps)
  return sql`
    insert into run_follow_ups (workspace_id, run_id, kind, due_at)
    select * from unnest(
      ${plainArray(rows.map((row) => row.workspaceId))}::uuid[], ${plainArray(rows.map((row) => row.runId))}::uuid[],
      ${plainArray(rows.map((row) => row.kind))}::text[], ${plainArray(rows.map((row) => formatInstant(row.dueMicros)))}::timestamptz[])
    on conflict (workspace_id, run_id, kind) do update set due_at = excluded.due_at`
}
