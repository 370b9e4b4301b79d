import type { Transaction } from '../../../db/clients.ts'
import type { WorkSlotsFact } from '../../../domain/orchestration/decide.ts'
import type { WorkPoolSight, WorkQueueSight } from '../../../domain/orchestration/waiting/waiting.ts'
import { capabilities } from '../../../domain/work/language.ts'
import { microsOf, type StoredFlowRun } from '../../../engine/stored.ts'
import { type HolderRow, holder, MOST_HOLDERS } from './holders.ts'

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
  /** What they say they can run, each once. */
  readonly theyRun: readonly string[]
  readonly workerId: string | null
  readonly workerName: string | null
  readonly workerSeenAt: string | null
  readonly ahead: number
}

/** The pool and the queue in which a run waits for a worker; null: it names none. */
export async function readWork(
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
      coalesce(p.paused_by, p.created_by) ->> 'display_value' as pool_paused_by, p.status_changed_at as pool_status_at, p.concurrency_limit as pool_limit,
      (select count(*)::int from run_claims c where c.workspace_id = p.workspace_id and c.work_pool_id = p.id) as pool_active,
      greatest(p.last_polled_at, (select max(o.last_polled_at) from work_queues o where o.workspace_id = p.workspace_id and o.work_pool_id = p.id)) as pool_polled_at,
      (select count(*)::int from workers w where w.workspace_id = p.workspace_id and w.work_pool_id = p.id and w.status = 'ONLINE') as online_workers,
      array(select distinct coalesce(w.metadata ->> 'runs', 'any') from workers w
        where w.workspace_id = p.workspace_id and w.work_pool_id = p.id and w.status = 'ONLINE') as they_run,
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
      // Metadata are whatever a client sends.
      theyRun: row.theyRun.map((said) => capabilities.find((known) => known === said) ?? 'any'),
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
