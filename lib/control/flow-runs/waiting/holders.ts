import type { Transaction } from '../../../db/clients.ts'
import { isLive, slotsOut } from '../../../db/rows/concurrency-limit.ts'
import type { SlotHolder } from '../../../domain/orchestration/waiting/waiting.ts'
import { microsOf } from '../../../engine/stored.ts'

/** Holders that are named; the rest is counted. */
export const MOST_HOLDERS = 20

export interface HolderRow {
  readonly id: string
  readonly name: string
  readonly since: string
  readonly expectedEndAt: string | null
}

export const holder = (row: HolderRow): SlotHolder => ({
  id: row.id,
  name: row.name,
  sinceMicros: microsOf(row.since) ?? 0,
  expectedEndMicros: microsOf(row.expectedEndAt),
})

/** Who holds live slots of a limit; a task run is told of by its flow run. */
export async function readLeaseHolders(
  sql: Transaction,
  workspaceId: string,
  limitId: string,
  now: string,
): Promise<readonly SlotHolder[]> {
  const rows = await sql<HolderRow[]>`
    select coalesce(r.id, s.id) as id, coalesce(t.name, r.name, s.holder_type) as name, s.held_since as since,
      coalesce(s.expires_at, s.held_since + make_interval(secs => l.average_occupancy_seconds)) as expected_end_at
    from slot_leases s
    join concurrency_limits l on l.workspace_id = s.workspace_id and l.id = s.limit_id
    left join task_runs t on s.holder_type = 'task_run' and t.workspace_id = s.workspace_id and t.id = s.holder_id
    left join flow_runs r on r.workspace_id = s.workspace_id and r.id = case when s.holder_type = 'flow_run' then s.holder_id else t.flow_run_id end
    where s.workspace_id = ${workspaceId} and s.limit_id = ${limitId} and ${isLive(sql, now)} and ${slotsOut(sql, now)} > 0
    order by s.held_since, s.id limit ${MOST_HOLDERS}`
  return rows.map(holder)
}
