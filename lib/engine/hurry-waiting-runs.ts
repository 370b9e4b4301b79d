import type { Sql } from '../db/clients.ts'
import { formatInstant } from '../domain/time.ts'
import { plainArray } from './array-literal.ts'
import type { StateProposal } from './engine.ts'
import type { DeploymentSlotFree } from './signals.ts'

/** Runs that are made due at once, at most; where a limit was raised by more, the others look by themselves. */
const MOST = 5_000

interface Freed {
  readonly workspaceId: string
  readonly limitId: string | null
  readonly deploymentId: string | null
  slots: number
}

/**
 * Runs that were put back because their deployment was full look again half a minute later. When a slot comes free before that, the
 * first of them in its line is due at once. Answers what to propose: by then somebody may have been quicker.
 */
export async function runsToHurry(
  sql: Sql,
  signals: readonly DeploymentSlotFree[],
  nowMicros: number,
): Promise<readonly StateProposal[]> {
  const now = formatInstant(nowMicros)
  const freed = sumOf(signals)
  const rows = await sql<{ workspaceId: string; id: string }[]>`
    select k.workspace_id, w.id
    from unnest(${plainArray(freed.map((one) => one.workspaceId))}::uuid[], ${plainArray(freed.map((one) => one.limitId))}::uuid[],
                ${plainArray(freed.map((one) => one.deploymentId))}::uuid[], ${plainArray(freed.map((one) => one.slots))}::int[])
      k (workspace_id, limit_id, deployment_id, slots)
    cross join lateral (
      select r.id from (
        select d.workspace_id, d.id, d.concurrency_limit_id from deployments d
        where d.workspace_id = k.workspace_id and d.concurrency_limit_id = k.limit_id
        union all
        select d.workspace_id, d.id, d.concurrency_limit_id from deployments d
        where d.workspace_id = k.workspace_id and d.id = k.deployment_id) d
      join flow_runs r on r.workspace_id = d.workspace_id and r.deployment_id = d.id and r.next_scheduled_start_at > ${now}
      left join slot_waiters w on w.workspace_id = d.workspace_id and w.limit_id = d.concurrency_limit_id and w.id = r.id
      where r.state_name = 'AwaitingConcurrencySlot'
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

function sumOf(signals: readonly DeploymentSlotFree[]): readonly Freed[] {
  const sums = new Map<string, Freed>()
  for (const { workspaceId, of, slots } of signals) {
    const [limitId, deploymentId] = 'limitId' in of ? [of.limitId, null] : [null, of.deploymentId]
    const key = `${workspaceId} ${limitId ?? deploymentId}`
    const sum = sums.get(key) ?? { workspaceId, limitId, deploymentId, slots: 0 }
    sums.set(key, sum)
    sum.slots = Math.min(sum.slots + slots, MOST)
  }
  return [...sums.values()]
}
