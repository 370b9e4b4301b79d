import type { Transaction } from '../../../db/clients.ts'
import { isLive, slotsOut } from '../../../db/rows/concurrency-limit.ts'
import type { DeploymentLimitFact } from '../../../domain/orchestration/decide.ts'
import type { DeploymentSight } from '../../../domain/orchestration/waiting/waiting.ts'
import { microsOf, type StoredFlowRun } from '../../../engine/stored.ts'
import { readLeaseHolders } from './holders.ts'

interface DeploymentRow {
  readonly id: string
  readonly name: string
  readonly entrypoint: string | null
  readonly paused: boolean
  readonly lastPolledAt: string | null
  readonly strategy: string | null
  readonly graceSeconds: number | null
  readonly limitId: string | null
  readonly limitName: string | null
  readonly limit: number | null
  readonly active: number
  readonly leaseAlive: boolean
}

/** A run's deployment, and its limit as the rules ask for it, here without a lock. */
export async function readDeployment(
  sql: Transaction,
  workspaceId: string,
  run: StoredFlowRun,
  now: string,
): Promise<{ sight: DeploymentSight; limit: DeploymentLimitFact | null } | null> {
  if (run.deploymentId === null) return null
  const lease = run.stateDetails?.deployment_concurrency_lease_id ?? null
  const [row] = await sql<DeploymentRow[]>`
    select d.id, d.name, d.entrypoint, d.paused, d.last_polled_at, d.concurrency_options ->> 'collision_strategy' as strategy,
      (d.concurrency_options ->> 'grace_period_seconds')::int as grace_seconds,
      l.id as limit_id, l.name as limit_name, case when l.active then l.slot_limit end as limit,
      (select coalesce(sum(${slotsOut(sql, now)}), 0)::int from slot_leases s
        where s.workspace_id = l.workspace_id and s.limit_id = l.id and ${isLive(sql, now)}) as active,
      exists (select from slot_leases s where s.workspace_id = l.workspace_id and s.limit_id = l.id and s.id::text = ${lease}
        and ${isLive(sql, now)}) as lease_alive
    from deployments d
    left join concurrency_limits l on l.workspace_id = d.workspace_id and l.id = d.concurrency_limit_id
    where d.workspace_id = ${workspaceId} and d.id = ${run.deploymentId}`
  if (!row) return null
  const limited = row.limitId !== null && row.limit !== null
  const holders = limited ? await readLeaseHolders(sql, workspaceId, row.limitId, now) : []
  return {
    sight: {
      id: row.id,
      name: row.name,
      flowName: run.flowName,
      entrypoint: row.entrypoint,
      paused: row.paused,
      lastPolledMicros: microsOf(row.lastPolledAt),
      limitName: row.limitName,
      holders,
    },
    limit: limited
      ? {
          limitId: row.limitId,
          limit: row.limit,
          active: row.active,
          collisionStrategy: row.strategy === 'CANCEL_NEW' ? 'CANCEL_NEW' : 'ENQUEUE',
          gracePeriodSeconds: row.graceSeconds ?? 300,
          leaseAlive: row.leaseAlive,
          freshLeaseId: run.id,
        }
      : null,
  }
}
