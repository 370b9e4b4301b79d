import type { Sql } from '../db/clients.ts'
import { formatInstant } from '../domain/time.ts'
import { plainArray } from './array-literal.ts'
import type { StateProposal } from './engine.ts'
import type { LimitKey } from './wanted-limits.ts'

/**
 * Runs that were put back because their deployment was full look again half a minute later. When a slot comes free before that, the
 * first of them in its line is due at once. Answers what to propose: by then somebody may have been quicker.
 */
export async function runsToHurry(
  sql: Sql,
  freed: readonly LimitKey[],
  nowMicros: number,
): Promise<readonly StateProposal[]> {
  const now = formatInstant(nowMicros)
  const slots = new Map<string, LimitKey & { slots: number }>()
  for (const key of freed) {
    const same = slots.get(`${key.workspaceId} ${key.id}`)
    if (same) same.slots++
    else slots.set(`${key.workspaceId} ${key.id}`, { ...key, slots: 1 })
  }
  const limits = [...slots.values()]
  const rows = await sql<{ workspaceId: string; id: string }[]>`
    select k.workspace_id, w.id
    from unnest(${plainArray(limits.map((limit) => limit.workspaceId))}::uuid[], ${plainArray(limits.map((limit) => limit.id))}::uuid[],
                ${plainArray(limits.map((limit) => limit.slots))}::int[]) k (workspace_id, limit_id, slots)
    cross join lateral (
      select r.id from deployments d
      join flow_runs r on r.workspace_id = d.workspace_id and r.deployment_id = d.id and r.next_scheduled_start_at > ${now}
      left join slot_waiters w on w.workspace_id = k.workspace_id and w.limit_id = k.limit_id and w.id = r.id
      where d.workspace_id = k.workspace_id and d.concurrency_limit_id = k.limit_id and r.state_name = 'AwaitingConcurrencySlot'
      order by w.since, r.expected_start_at, r.id limit k.slots) w`
  return rows.map(({ workspaceId, id }) => ({
    workspaceId,
    runId: id,
    state: {
      type: 'SCHEDULED',
      name: 'AwaitingConcurrencySlot',
      message: 'A slot of the deployment came free.',
      details: { scheduled_time: now },
      data: null,
    },
    policy: 'slot-free',
    client: { apiVersion: null, clientVersion: null },
  }))
}
