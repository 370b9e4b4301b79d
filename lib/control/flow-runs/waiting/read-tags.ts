import type { Transaction } from '../../../db/clients.ts'
import { isLive, slotsOut } from '../../../db/rows/concurrency-limit.ts'
import type { TagSight } from '../../../domain/orchestration/waiting/waiting.ts'
import type { StoredFlowRun } from '../../../engine/stored.ts'
import { readLeaseHolders } from './holders.ts'

/** Full limits on tags for which task runs of a running run may wait. */
export async function readTags(
  sql: Transaction,
  workspaceId: string,
  run: StoredFlowRun,
  now: string,
): Promise<readonly TagSight[]> {
  if (run.stateType !== 'RUNNING') return []
  const limits = await sql<Omit<TagSight, 'holders'>[]>`
    select l.id as limit_id, substr(l.name, 5) as tag, l.slot_limit as limit, count(*)::int as waiting_task_runs,
      (select coalesce(sum(${slotsOut(sql, now)}), 0)::int from slot_leases s
        where s.workspace_id = l.workspace_id and s.limit_id = l.id and ${isLive(sql, now)}) as active
    from concurrency_limits l
    join task_runs t on t.workspace_id = l.workspace_id and substr(l.name, 5) = any (t.tags)
    where l.workspace_id = ${workspaceId} and l.name like 'tag:%' and l.active
      and t.flow_run_id = ${run.id} and t.state_type in ('SCHEDULED', 'PENDING')
    group by l.workspace_id, l.id, l.name, l.slot_limit
    limit 20`
  return Promise.all(
    limits
      .filter(({ active, limit }) => active >= limit)
      .map(async (limit) => ({
        ...limit,
        holders: await readLeaseHolders(sql, workspaceId, limit.limitId, now),
      })),
  )
}
