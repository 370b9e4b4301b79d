import type { Queryable } from '../db/clients.ts'
import { formatInstant } from '../domain/time.ts'
import { plainArray, textArray } from './array-literal.ts'
import { byRun, type RunKey } from './key-order.ts'
import { textOf } from './stored.ts'

/** Who claims runs. */
export interface ClaimHolder {
  readonly type: 'worker' | 'runner' | 'agent' | 'client'
  readonly id: string | null
  readonly name: string | null
}

/** A row of run_claims to be. */
export interface ClaimRow {
  readonly workspaceId: string
  readonly runId: string
  readonly token: string
  readonly workPoolId: string | null
  readonly workQueueId: string | null
  readonly holder: ClaimHolder
  readonly claimedMicros: number
  /** Until when the claim is good without a sign of life; null: its holder sends none. */
  readonly expiresMicros: number | null
}

/** A run has one claim: the newest. */
export const openClaims = (sql: Queryable, claims: readonly ClaimRow[]) => {
  const rows = byRun(claims)
  return sql`
    insert into run_claims (workspace_id, run_id, token, work_pool_id, work_queue_id, holder_type, holder_id, holder_name, claimed_at, beat_at, expires_at)
    select workspace_id, run_id, token, work_pool_id, work_queue_id, holder_type, holder_id, holder_name, claimed_at,
           case when expires_at is not null then claimed_at end, expires_at
    from unnest(
      ${plainArray(rows.map((row) => row.workspaceId))}::uuid[], ${plainArray(rows.map((row) => row.runId))}::uuid[],
      ${plainArray(rows.map((row) => row.token))}::uuid[], ${plainArray(rows.map((row) => row.workPoolId))}::uuid[],
      ${plainArray(rows.map((row) => row.workQueueId))}::uuid[], ${plainArray(rows.map((row) => row.holder.type))}::text[],
      ${plainArray(rows.map((row) => row.holder.id))}::uuid[], ${textArray(rows.map((row) => row.holder.name))}::text[],
      ${plainArray(rows.map((row) => formatInstant(row.claimedMicros)))}::timestamptz[],
      ${plainArray(rows.map((row) => textOf(row.expiresMicros)))}::timestamptz[])
      r (workspace_id, run_id, token, work_pool_id, work_queue_id, holder_type, holder_id, holder_name, claimed_at, expires_at)
    on conflict (workspace_id, run_id) do update set
      token = excluded.token, work_pool_id = excluded.work_pool_id, work_queue_id = excluded.work_queue_id,
      holder_type = excluded.holder_type, holder_id = excluded.holder_id, holder_name = excluded.holder_name,
      claimed_at = excluded.claimed_at, beat_at = excluded.beat_at, expires_at = excluded.expires_at`
}

export const closeClaims = (sql: Queryable, keys: readonly RunKey[]) => {
  const rows = byRun(keys)
  return sql`
    delete from run_claims c
    using unnest(${plainArray(rows.map((row) => row.workspaceId))}::uuid[], ${plainArray(rows.map((row) => row.runId))}::uuid[]) k (workspace_id, run_id)
    where c.workspace_id = k.workspace_id and c.run_id = k.run_id`
}
