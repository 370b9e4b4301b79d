import type { Transaction } from '../../db/clients.ts'
import { readWorkspace } from '../../db/scope.ts'
import type { DeploymentLimitFact, Facts, WorkSlotsFact } from '../../domain/orchestration/decide.ts'
import { type Explanation, explainRun } from '../../domain/orchestration/waiting/explain-run.ts'
import type {
  DeploymentSight,
  RunSight,
  SlotHolder,
  TagSight,
  WorkPoolSight,
  WorkQueueSight,
} from '../../domain/orchestration/waiting/waiting.ts'
import { NotFound } from '../../domain/problem.ts'
import { formatInstant } from '../../domain/time.ts'
import {
  claimFact,
  flowRunView,
  microsOf,
  type StoredFlowRun,
  type storedState,
} from '../../engine/stored.ts'
import { type Context, requireScope } from '../context.ts'

export interface FlowRunExplanation extends Explanation {
  readonly flowRunId: string
  readonly state: ReturnType<typeof storedState>
}

/** Holders that are named; the rest is counted. */
const MOST_HOLDERS = 20

/**
 * Why a run is not running, or what is known of it while it does: every rule that would hold it back, with the facts, a forecast
 * and what would help. Reads without locks: it answers what was true a moment ago. Throws NotFound.
 */
export async function explainFlowRun(ctx: Context, id: string): Promise<FlowRunExplanation> {
  requireScope(ctx, 'see_flows')
  const { workspaceId } = ctx
  const nowMicros = ctx.nowMicros()
  const now = formatInstant(nowMicros)
  const sight = await readWorkspace(ctx.db, workspaceId, async (sql): Promise<RunSight> => {
    const run = await readRun(sql, workspaceId, id)
    const [work, deployment, tags] = await Promise.all([
      readWork(sql, workspaceId, run, now),
      readDeployment(sql, workspaceId, run, now),
      readTags(sql, workspaceId, run, now),
    ])
    const facts: Facts = {
      nowMicros,
      client: { apiVersion: null, clientVersion: null },
      dice: 0,
      flowRun: null,
      cached: null,
      deploymentLimit: deployment?.limit ?? null,
      tagLimits: [],
      claim: claimFact(run),
      workSlots: work?.slots ?? null,
      freshClaimToken: null,
    }
    return {
      run: flowRunView(run),
      facts,
      name: run.name,
      deployment: deployment?.sight ?? null,
      pool: work?.pool ?? null,
      queue: work?.queue ?? null,
      tags,
    }
  })
  return { flowRunId: sight.run.id, state: sight.run.state, ...explainRun(sight) }
}

async function readRun(sql: Transaction, workspaceId: string, id: string): Promise<StoredFlowRun> {
  const [run] = await sql<StoredFlowRun[]>`
    select r.workspace_id, r.id, r.name, r.tags, r.flow_id, f.name as flow_name, f.tags as flow_tags, r.parent_task_run_id,
           r.infrastructure_pid, r.empirical_policy, r.created_by, r.claim_token,
           r.deployment_id, null as deployment_name, null as deployment_tags, r.work_queue_id, r.work_queue_name,
           null as work_pool_id, r.work_pool_name, null as work_pool_type, to_jsonb(c) as claim,
           r.state_id, r.state_type, r.state_name, r.state_at, r.state_message, r.state_details, r.state_data,
           r.run_count, r.start_at, r.end_at, r.expected_start_at, r.next_scheduled_start_at, r.total_run_time_seconds
    from flow_runs r
    join flows f on f.workspace_id = r.workspace_id and f.id = r.flow_id
    left join run_claims c on c.workspace_id = r.workspace_id and c.run_id = r.id
    where r.workspace_id = ${workspaceId} and r.id = ${id}`
  if (!run) throw new NotFound('Flow run')
  return run
}

interface HolderRow {
  readonly id: string
  readonly name: string
  readonly since: string
  readonly expectedEndAt: string | null
}

const holder = (row: HolderRow): SlotHolder => ({
  id: row.id,
  name: row.name,
  sinceMicros: microsOf(row.since) ?? 0,
  expectedEndMicros: microsOf(row.expectedEndAt),
})

/** How long runs of the holder's flow took lately, from when it began: a guess, but the only one there is. */
const usualEnd = (sql: Transaction) => sql`
  (select coalesce(r.start_at, c.claimed_at) + make_interval(secs => avg(l.total_run_time_seconds))
   from (select total_run_time_seconds from flow_runs l
         where l.workspace_id = r.workspace_id and l.flow_id = r.flow_id and l.state_type = 'COMPLETED'
         order by l.expected_start_at desc limit 10) l)`

interface WorkRow {
  readonly queueId: string
  readonly queueName: string
  readonly queuePaused: boolean
  readonly queuePausedBy: string | null
  readonly queueStatusAt: string
  readonly queueLimit: number | null
  readonly queueActive: number
  readonly poolId: string
  readonly poolName: string
  readonly poolType: string
  readonly poolPaused: boolean
  readonly poolPausedBy: string | null
  readonly poolStatusAt: string
  readonly poolLimit: number | null
  readonly poolActive: number
  readonly poolPolledAt: string | null
  readonly onlineWorkers: number
  readonly workerId: string | null
  readonly workerName: string | null
  readonly workerSeenAt: string | null
  readonly ahead: number
}

async function readWork(
  sql: Transaction,
  workspaceId: string,
  run: StoredFlowRun,
  now: string,
): Promise<{ pool: WorkPoolSight; queue: WorkQueueSight; slots: WorkSlotsFact } | null> {
  if (run.workQueueId === null) return null
  const [row] = await sql<WorkRow[]>`
    select q.id as queue_id, q.name as queue_name, q.is_paused as queue_paused, q.paused_by ->> 'display_value' as queue_paused_by,
      q.status_changed_at as queue_status_at, q.concurrency_limit as queue_limit,
      (select count(*)::int from run_claims c where c.workspace_id = q.workspace_id and c.work_queue_id = q.id) as queue_active,
      p.id as pool_id, p.name as pool_name, p.type as pool_type, p.is_paused as pool_paused,
      p.paused_by ->> 'display_value' as pool_paused_by, p.status_changed_at as pool_status_at, p.concurrency_limit as pool_limit,
      (select count(*)::int from run_claims c where c.workspace_id = p.workspace_id and c.work_pool_id = p.id) as pool_active,
      greatest(p.last_polled_at, (select max(o.last_polled_at) from work_queues o where o.workspace_id = p.workspace_id and o.work_pool_id = p.id)) as pool_polled_at,
      (select count(*)::int from workers w where w.workspace_id = p.workspace_id and w.work_pool_id = p.id and w.status = 'ONLINE') as online_workers,
      w.id as worker_id, w.name as worker_name, w.last_heartbeat_at as worker_seen_at,
      (select count(*)::int from (
        select from flow_runs o
        join work_queues oq on oq.workspace_id = o.workspace_id and oq.id = o.work_queue_id
        where o.workspace_id = q.workspace_id and oq.work_pool_id = q.work_pool_id and not oq.is_paused
          and o.next_scheduled_start_at <= ${now} and o.id <> ${run.id}
          and (oq.priority, o.next_scheduled_start_at, o.id) < (q.priority, ${run.nextScheduledStartAt}::timestamptz, ${run.id}::uuid)
        limit 1000) a) as ahead
    from work_queues q
    join work_pools p on p.workspace_id = q.workspace_id and p.id = q.work_pool_id
    left join lateral (
      select w.id, w.name, w.last_heartbeat_at from workers w
      where w.workspace_id = p.workspace_id and w.work_pool_id = p.id and w.last_heartbeat_at is not null
      order by w.last_heartbeat_at desc limit 1) w on true
    where q.workspace_id = ${workspaceId} and q.id = ${run.workQueueId}`
  if (!row) return null
  const holders = await sql<(HolderRow & { readonly queueId: string | null })[]>`
    select c.run_id as id, r.name, c.claimed_at as since, c.work_queue_id as queue_id, ${usualEnd(sql)} as expected_end_at
    from run_claims c join flow_runs r on r.workspace_id = c.workspace_id and r.id = c.run_id
    where c.workspace_id = ${workspaceId} and c.work_pool_id = ${row.poolId} and c.run_id <> ${run.id}
    order by c.claimed_at, c.run_id limit ${MOST_HOLDERS}`
  const inQueue = holders.filter((it) => it.queueId === row.queueId)
  const paused = (isPaused: boolean, by: string | null, at: string) =>
    isPaused ? { by, sinceMicros: microsOf(at) ?? 0 } : null
  return {
    pool: {
      id: row.poolId,
      name: row.poolName,
      type: row.poolType,
      paused: paused(row.poolPaused, row.poolPausedBy, row.poolStatusAt),
      onlineWorkers: row.onlineWorkers,
      lastWorker:
        row.workerId === null
          ? null
          : {
              id: row.workerId,
              name: row.workerName ?? '',
              seenMicros: microsOf(row.workerSeenAt) ?? 0,
            },
      lastPolledMicros: microsOf(row.poolPolledAt),
      holders: holders.map(holder),
    },
    queue: {
      id: row.queueId,
      name: row.queueName,
      paused: paused(row.queuePaused, row.queuePausedBy, row.queueStatusAt),
      holders: inQueue.map(holder),
      ahead: row.ahead,
    },
    slots: {
      pool: {
        id: row.poolId,
        name: row.poolName,
        paused: row.poolPaused,
        limit: row.poolLimit,
        active: row.poolActive,
        holders,
      },
      queue: {
        id: row.queueId,
        name: row.queueName,
        paused: row.queuePaused,
        limit: row.queueLimit,
        active: row.queueActive,
        holders: inQueue,
      },
    },
  }
}

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

async function readDeployment(
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
      (select coalesce(sum(s.slots), 0)::int from slot_leases s where s.workspace_id = l.workspace_id and s.limit_id = l.id
        and (s.expires_at is null or s.expires_at > ${now})) as active,
      exists (select from slot_leases s where s.workspace_id = l.workspace_id and s.limit_id = l.id and s.id::text = ${lease}
        and (s.expires_at is null or s.expires_at > ${now})) as lease_alive
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

/** Who holds live slots of a limit; a task run is told of by its flow run. */
async function readLeaseHolders(
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
    where s.workspace_id = ${workspaceId} and s.limit_id = ${limitId} and (s.expires_at is null or s.expires_at > ${now})
    order by s.held_since, s.id limit ${MOST_HOLDERS}`
  return rows.map(holder)
}

async function readTags(
  sql: Transaction,
  workspaceId: string,
  run: StoredFlowRun,
  now: string,
): Promise<readonly TagSight[]> {
  if (run.stateType !== 'RUNNING') return []
  const limits = await sql<Omit<TagSight, 'holders'>[]>`
    select l.id as limit_id, substr(l.name, 5) as tag, l.slot_limit as limit, count(*)::int as waiting_task_runs,
      (select coalesce(sum(s.slots), 0)::int from slot_leases s where s.workspace_id = l.workspace_id and s.limit_id = l.id
        and (s.expires_at is null or s.expires_at > ${now})) as active
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
