import type { Transaction } from '../../db/clients.ts'
import type { Creator, WorkPoolRow } from '../../db/rows/work-pool.ts'
import { readWorkspace } from '../../db/scope.ts'
import type { RawJson } from '../../domain/state.ts'
import type { WorkerStatus, WorkStatus } from '../../domain/work/status.ts'
import { type Context, requireScope } from '../context.ts'
import { poolByName } from '../work-pools/read-work-pool.ts'

export interface PoolQueue {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly priority: number
  readonly status: WorkStatus
  readonly isPaused: boolean
  readonly concurrencyLimit: number | null
  readonly activeSlots: number
  readonly waiting: number
  readonly isDefault: boolean
}

export interface PoolWorker {
  readonly id: string
  readonly name: string
  readonly status: WorkerStatus
  readonly lastHeartbeatAt: string | null
  readonly clientVersion: string | null
  readonly createdAt: string
  readonly running: number
}

/** A run whose time has come. */
export interface WaitingRun {
  readonly id: string
  readonly name: string
  readonly flowName: string
  readonly queueName: string
  readonly queuePaused: boolean
  readonly dueAt: string
}

export interface PoolDay {
  readonly ended: number
  readonly completed: number
  /** Seconds from the expected start to the real one. */
  readonly medianDelaySeconds: number | null
  readonly p95DelaySeconds: number | null
}

export interface WorkPoolView {
  readonly pool: WorkPoolRow
  readonly queues: readonly PoolQueue[]
  readonly workers: readonly PoolWorker[]
  readonly waiting: readonly WaitingRun[]
  readonly waitingCount: number
  readonly late: number
  readonly day: PoolDay
  readonly deployments: number
}

const mostWaiting = 20

/** A work pool with what its page shows at once. Throws NotFound. */
export async function readWorkPoolView(ctx: Context, name: string): Promise<WorkPoolView> {
  requireScope(ctx, 'see_work_pools')
  const { workspaceId } = ctx
  return readWorkspace(ctx.db, workspaceId, async (sql) => {
    const pool = await poolByName(sql, workspaceId, name)
    const [queues, workers] = await Promise.all([
      sql<PoolQueue[]>`
        select q.id, q.name, q.description, q.priority, q.status, q.is_paused, q.concurrency_limit, q.id = ${pool.defaultQueueId} as is_default,
          (select count(*)::int from run_claims c where c.workspace_id = q.workspace_id and c.work_queue_id = q.id) as active_slots,
          (select count(*)::int from flow_runs r where r.workspace_id = q.workspace_id and r.work_queue_id = q.id and r.next_scheduled_start_at <= now()) as waiting
        from work_queues q where q.workspace_id = ${workspaceId} and q.work_pool_id = ${pool.id}
        order by q.priority, q.name limit 200`,
      sql<PoolWorker[]>`
        select w.id, w.name, w.status, w.last_heartbeat_at, w.client_version, w.created_at,
          (select count(*)::int from run_claims c where c.workspace_id = w.workspace_id and c.work_pool_id = w.work_pool_id and (c.holder_id = w.id or c.holder_name = w.name)) as running
        from workers w where w.workspace_id = ${workspaceId} and w.work_pool_id = ${pool.id}
        order by w.status desc, w.last_heartbeat_at desc nulls last, w.name limit 100`,
    ])
    const ids = queues.map((queue) => queue.id)
    const [waiting, [late], [day], [deployed]] = await Promise.all([
      waitingIn(sql, workspaceId, ids),
      sql<{ count: number }[]>`
        select count(*)::int as count from flow_runs r
        where r.workspace_id = ${workspaceId} and r.work_queue_id = any(${ids}::uuid[]) and r.next_scheduled_start_at <= now() - interval '15 seconds'`,
      dayOf(sql, workspaceId, ids),
      sql<{ count: number }[]>`
        select count(*)::int as count from deployments d where d.workspace_id = ${workspaceId} and d.work_queue_id = any(${ids}::uuid[])`,
    ])
    return {
      pool,
      queues,
      workers,
      waiting,
      waitingCount: queues.reduce((sum, queue) => sum + queue.waiting, 0),
      late: late?.count ?? 0,
      day: day ?? { ended: 0, completed: 0, medianDelaySeconds: null, p95DelaySeconds: null },
      deployments: deployed?.count ?? 0,
    }
  })
}

/** In the order in which they will start: what comes first by the queue's priority, then by its time. */
export const waitingIn = (sql: Transaction, workspaceId: string, queueIds: readonly string[]) => sql<
  WaitingRun[]
>`
  select r.id, r.name, f.name as flow_name, q.name as queue_name, q.is_paused as queue_paused, r.next_scheduled_start_at as due_at
  from flow_runs r
  join work_queues q on q.workspace_id = r.workspace_id and q.id = r.work_queue_id
  join flows f on f.workspace_id = r.workspace_id and f.id = r.flow_id
  where r.workspace_id = ${workspaceId} and r.work_queue_id = any(${[...queueIds]}::uuid[]) and r.next_scheduled_start_at <= now()
  order by q.is_paused, q.priority, r.next_scheduled_start_at, r.id limit ${mostWaiting}`

/** More runs of a day than these are not looked at. */
const mostOfDay = 20_000

export const dayOf = (sql: Transaction, workspaceId: string, queueIds: readonly string[]) => sql<PoolDay[]>`
  select
    count(*) filter (where state_type in ('COMPLETED', 'FAILED', 'CRASHED'))::int as ended,
    count(*) filter (where state_type = 'COMPLETED')::int as completed,
    percentile_cont(0.5) within group (order by delay) as median_delay_seconds,
    percentile_cont(0.95) within group (order by delay) as p95_delay_seconds
  from (
    select r.state_type, greatest(0, extract(epoch from r.start_at - r.expected_start_at))::float8 as delay
    from flow_runs r
    where r.workspace_id = ${workspaceId} and r.expected_start_at > now() - interval '24 hours' and r.expected_start_at <= now()
      and r.work_queue_id = any(${[...queueIds]}::uuid[])
    order by r.expected_start_at desc limit ${mostOfDay}
  ) day`

export interface QueueView {
  readonly queue: PoolQueue & {
    readonly poolName: string
    readonly poolType: string
    readonly lastPolledAt: string | null
  }
  readonly waiting: readonly WaitingRun[]
  readonly day: PoolDay
}

/** A queue with what its page shows at once; null where there is none. */
export async function readWorkQueueView(ctx: Context, id: string): Promise<QueueView | null> {
  requireScope(ctx, 'see_work_queues')
  const { workspaceId } = ctx
  return readWorkspace(ctx.db, workspaceId, async (sql) => {
    const [queue] = await sql<QueueView['queue'][]>`
      select q.id, q.name, q.description, q.priority, q.status, q.is_paused, q.concurrency_limit, q.last_polled_at,
        p.name as pool_name, p.type as pool_type, q.id = p.default_queue_id as is_default,
        (select count(*)::int from run_claims c where c.workspace_id = q.workspace_id and c.work_queue_id = q.id) as active_slots,
        (select count(*)::int from flow_runs r where r.workspace_id = q.workspace_id and r.work_queue_id = q.id and r.next_scheduled_start_at <= now()) as waiting
      from work_queues q join work_pools p on p.workspace_id = q.workspace_id and p.id = q.work_pool_id
      where q.workspace_id = ${workspaceId} and q.id = ${id}`
    if (!queue) return null
    const [waiting, [day]] = await Promise.all([
      waitingIn(sql, workspaceId, [id]),
      dayOf(sql, workspaceId, [id]),
    ])
    return {
      queue,
      waiting,
      day: day ?? { ended: 0, completed: 0, medianDelaySeconds: null, p95DelaySeconds: null },
    }
  })
}

export interface WorkerView {
  readonly worker: PoolWorker & {
    readonly heartbeatIntervalSeconds: number | null
    readonly metadata: RawJson | null
    readonly createdBy: Creator | null
  }
  readonly runs: readonly {
    readonly id: string
    readonly name: string
    readonly flowName: string
    readonly claimedAt: string
    readonly expiresAt: string | null
  }[]
}

/** A worker and what it executes; null where there is none of this id in the pool. */
export async function readWorkerView(ctx: Context, poolName: string, id: string): Promise<WorkerView | null> {
  requireScope(ctx, 'see_workers')
  const { workspaceId } = ctx
  return readWorkspace(ctx.db, workspaceId, async (sql) => {
    const pool = await poolByName(sql, workspaceId, poolName)
    const [worker] = await sql<WorkerView['worker'][]>`
      select w.id, w.name, w.status, w.last_heartbeat_at, w.client_version, w.created_at, w.heartbeat_interval_seconds, w.metadata, w.created_by,
        0 as running
      from workers w where w.workspace_id = ${workspaceId} and w.work_pool_id = ${pool.id} and w.id = ${id}`
    if (!worker) return null
    const runs = await sql<WorkerView['runs'][number][]>`
      select r.id, r.name, f.name as flow_name, c.claimed_at, c.expires_at
      from run_claims c
      join flow_runs r on r.workspace_id = c.workspace_id and r.id = c.run_id
      join flows f on f.workspace_id = r.workspace_id and f.id = r.flow_id
      where c.workspace_id = ${workspaceId} and c.work_pool_id = ${pool.id} and (c.holder_id = ${id} or c.holder_name = ${worker.name})
      order by c.claimed_at limit 200`
    return { worker: { ...worker, running: runs.length }, runs }
  })
}
