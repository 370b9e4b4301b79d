import type { PendingQuery, Row } from 'postgres'
import type { Queryable } from '../db/clients.ts'
import { plainArray, textArray } from './array-literal.ts'
import type { LeaseKey } from './slot-writes.ts'

export interface LimitKey {
  readonly workspaceId: string
  readonly id: string
}

/** Limits, by whatever is known of them. */
export interface WantedLimits {
  readonly keys?: readonly LimitKey[]
  readonly names?: readonly { readonly workspaceId: string; readonly name: string }[]
  /** Those of which these leases are. */
  readonly leases?: readonly LeaseKey[]
}

/** Their workspaces and ids, each once; null where nothing is wanted. */
export function wantedLimits(
  sql: Queryable,
  { keys = [], names = [], leases = [] }: WantedLimits,
): PendingQuery<Row[]> | null {
  const ways: PendingQuery<Row[]>[] = []
  if (keys.length > 0)
    ways.push(sql`
      select distinct k.workspace_id, k.id
      from unnest(${workspaces(keys)}::uuid[], ${ids(keys)}::uuid[]) k (workspace_id, id)`)
  if (names.length > 0)
    ways.push(sql`
      select l.workspace_id, l.id
      from unnest(${workspaces(names)}::uuid[], ${textArray(names.map((key) => key.name))}::text[]) k (workspace_id, name)
      join concurrency_limits l on l.workspace_id = k.workspace_id and l.name = k.name`)
  if (leases.length > 0)
    ways.push(sql`
      select distinct s.workspace_id, s.limit_id
      from unnest(${workspaces(leases)}::uuid[], ${ids(leases)}::uuid[]) k (workspace_id, id)
      join slot_leases s on s.workspace_id = k.workspace_id and s.id = k.id`)
  return ways.length === 0 ? null : ways.reduce((all, way) => sql`${all} union ${way}`)
}

const workspaces = (keys: readonly { readonly workspaceId: string }[]): string =>
  plainArray(keys.map((key) => key.workspaceId))
const ids = (keys: readonly LimitKey[]): string => plainArray(keys.map((key) => key.id))
