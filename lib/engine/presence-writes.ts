import type { Sql } from '../db/clients.ts'
import { uuidv7 } from '../db/uuid.ts'
import type { WorkStatus } from '../domain/work/status.ts'

/** A sign of life of a worker. */
export interface WorkerBeat {
  readonly workspaceId: string
  readonly poolName: string
  readonly name: string
  readonly heartbeatIntervalSeconds: number | null
  readonly clientVersion: string | null
  /** JSON text of an object. */
  readonly metadata: string | null
  readonly createdBy: {
    readonly id: string | null
    readonly type: string
    readonly display_value: string | null
  }
}

export const workerKey = ({
  workspaceId,
  poolName,
  name,
}: Pick<WorkerBeat, 'workspaceId' | 'poolName' | 'name'>) => `${workspaceId} ${poolName}/${name}`

/** Somebody or something that was seen at an instant. */
export interface Seen {
  readonly workspaceId: string
  readonly id: string
  readonly at: string
}

export interface PoolTurn {
  readonly noun: 'work-pool'
  readonly workspaceId: string
  readonly id: string
  readonly name: string
  readonly type: string
  readonly status: WorkStatus
  /** The event that tells of it; stored in the pool already. */
  readonly eventId: string
  readonly previousEventId: string | null
  readonly previousAtMicros: number
}

export interface QueueTurn {
  readonly noun: 'work-queue'
  readonly workspaceId: string
  readonly id: string
  readonly name: string
  readonly workPoolId: string
  readonly status: WorkStatus
}

export interface DeploymentTurn {
  readonly noun: 'deployment'
  readonly workspaceId: string
  readonly id: string
  readonly name: string
  readonly flowId: string
  readonly workQueueId: string | null
  readonly workPoolId: string | null
  readonly status: WorkStatus
}

export interface WorkerTurn {
  readonly noun: 'worker'
  readonly workspaceId: string
  readonly id: string
}

/** Something whose status is another now. */
export type Turn = PoolTurn | QueueTurn | DeploymentTurn | WorkerTurn

interface StoredWorker {
  readonly workspaceId: string
  readonly id: string
  readonly name: string
  readonly poolName: string
}

/** Makes or refreshes workers; their pools are READY unless they are paused. Beats of pools that are not there are left out. */
export async function storeBeats(
  sql: Sql,
  beats: readonly { readonly beat: WorkerBeat; readonly at: string }[],
): Promise<{ readonly workers: ReadonlyMap<string, string>; readonly turns: readonly PoolTurn[] }> {
  const rows = beats.map(({ beat, at }) => ({
    workspace_id: beat.workspaceId,
    pool_name: beat.poolName,
    id: uuidv7(),
    name: beat.name,
    seconds: beat.heartbeatIntervalSeconds,
    client_version: beat.clientVersion,
    metadata: beat.metadata,
    created_by: beat.createdBy,
    at,
  }))
  const stored = await sql<(StoredWorker & { workPoolId: string })[]>`
    with w as (
      insert into workers as w (
        workspace_id, id, work_pool_id, name, heartbeat_interval_seconds, last_heartbeat_at, status, client_version, metadata, created_by)
      select b.workspace_id, b.id, p.id, b.name, b.seconds, b.at, 'ONLINE', b.client_version, b.metadata::json, b.created_by
      from json_to_recordset(${JSON.stringify(rows)}::json) as b (
        workspace_id uuid, pool_name text, id uuid, name text, seconds int, client_version text, metadata text, created_by jsonb, at timestamptz)
      join work_pools p on p.workspace_id = b.workspace_id and p.name = b.pool_name
      order by b.workspace_id, p.id, b.name
      on conflict (workspace_id, work_pool_id, name) do update set
        last_heartbeat_at = greatest(w.last_heartbeat_at, excluded.last_heartbeat_at), status = 'ONLINE', updated_at = now(),
        heartbeat_interval_seconds = coalesce(excluded.heartbeat_interval_seconds, w.heartbeat_interval_seconds),
        client_version = coalesce(excluded.client_version, w.client_version), metadata = coalesce(excluded.metadata, w.metadata)
      returning w.workspace_id, w.id, w.work_pool_id, w.name
    )
    select w.*, p.name as pool_name from w join work_pools p on p.workspace_id = w.workspace_id and p.id = w.work_pool_id`
  const workers = new Map(stored.map((row) => [workerKey(row), row.id]))
  const pools = [...new Map(stored.map((row) => [`${row.workspaceId} ${row.workPoolId}`, row])).values()]
  const turns = await turnPools(
    sql,
    pools.map((row) => ({ workspaceId: row.workspaceId, id: row.workPoolId })),
    'READY',
  )
  return { workers, turns }
}

/** Turns pools READY that were not, or NOT_READY those in which no worker is online; paused ones stay as they are. */
export async function turnPools(
  sql: Sql,
  pools: readonly { readonly workspaceId: string; readonly id: string }[],
  status: 'READY' | 'NOT_READY',
): Promise<readonly PoolTurn[]> {
  if (pools.length === 0) return []
  const keys = pools.map((pool) => ({ workspace_id: pool.workspaceId, id: pool.id, event_id: uuidv7() }))
  const isOnline = sql`exists (
    select from workers w where w.workspace_id = p.workspace_id and w.work_pool_id = p.id and w.status = 'ONLINE')`
  const rows = await sql<Omit<PoolTurn, 'noun'>[]>`
    with old as (
      select p.workspace_id, p.id, p.status_event_id, p.status_changed_at, k.event_id
      from json_to_recordset(${JSON.stringify(keys)}::json) as k (workspace_id uuid, id uuid, event_id uuid)
      join work_pools p on p.workspace_id = k.workspace_id and p.id = k.id
      where p.status = ${status === 'READY' ? 'NOT_READY' : 'READY'} and not p.is_paused
        and ${status === 'READY' ? isOnline : sql`not ${isOnline}`}
      order by 1, 2 for no key update of p
    )
    update work_pools p set status = ${status}, status_changed_at = now(), status_event_id = old.event_id
    from old where p.workspace_id = old.workspace_id and p.id = old.id
    returning p.workspace_id, p.id, p.name, p.type, p.status, p.status_event_id as event_id,
      old.status_event_id as previous_event_id, (extract(epoch from old.status_changed_at) * 1e6)::bigint as previous_at_micros`
  return rows.map((row) => ({ noun: 'work-pool', ...row }))
}

const recordset = (seen: readonly Seen[]): string =>
  JSON.stringify(seen.map(({ workspaceId, id, at }) => ({ workspace_id: workspaceId, id, at })))

export async function markPoolsPolled(sql: Sql, pools: readonly Seen[]): Promise<void> {
  await sql`
    with held as (
      select p.workspace_id, p.id, k.at
      from json_to_recordset(${recordset(pools)}::json) as k (workspace_id uuid, id uuid, at timestamptz)
      join work_pools p on p.workspace_id = k.workspace_id and p.id = k.id
      order by 1, 2 for no key update of p
    )
    update work_pools p set last_polled_at = greatest(p.last_polled_at, held.at)
    from held where p.workspace_id = held.workspace_id and p.id = held.id`
}

/** A queue that is polled is READY unless it is paused. */
export async function markQueuesPolled(sql: Sql, queues: readonly Seen[]): Promise<readonly QueueTurn[]> {
  const rows = await sql<(Omit<QueueTurn, 'noun'> & { turned: boolean })[]>`
    with old as (
      select q.workspace_id, q.id, q.status, k.at
      from json_to_recordset(${recordset(queues)}::json) as k (workspace_id uuid, id uuid, at timestamptz)
      join work_queues q on q.workspace_id = k.workspace_id and q.id = k.id
      order by 1, 2 for no key update of q
    )
    update work_queues q set
      last_polled_at = greatest(q.last_polled_at, old.at),
      status = case when q.is_paused then q.status else 'READY' end,
      status_changed_at = case when q.is_paused or q.status = 'READY' then q.status_changed_at else now() end
    from old where q.workspace_id = old.workspace_id and q.id = old.id
    returning q.workspace_id, q.id, q.name, q.work_pool_id, q.status, q.status <> old.status as turned`
  return rows.filter((row) => row.turned).map(({ turned: _, ...row }) => ({ noun: 'work-queue', ...row }))
}

/** Deployments of queues that are polled are READY. Only those that were not are written: a queue may have a hundred thousand. */
export async function markDeploymentsReady(
  sql: Sql,
  queues: readonly Seen[],
): Promise<readonly DeploymentTurn[]> {
  const rows = await sql<Omit<DeploymentTurn, 'noun'>[]>`
    with held as (
      select d.workspace_id, d.id, k.at, q.work_pool_id
      from json_to_recordset(${recordset(queues)}::json) as k (workspace_id uuid, id uuid, at timestamptz)
      join work_queues q on q.workspace_id = k.workspace_id and q.id = k.id
      join deployments d on d.workspace_id = q.workspace_id and d.work_queue_id = q.id
      where d.status = 'NOT_READY' order by 1, 2 for no key update of d
    )
    update deployments d set status = 'READY', last_polled_at = greatest(d.last_polled_at, held.at)
    from held where d.workspace_id = held.workspace_id and d.id = held.id
    returning d.workspace_id, d.id, d.name, d.flow_id, d.work_queue_id, held.work_pool_id, d.status`
  return rows.map((row) => ({ noun: 'deployment', ...row }))
}

export async function markDeploymentsPolled(
  sql: Sql,
  deployments: readonly Seen[],
): Promise<readonly DeploymentTurn[]> {
  const rows = await sql<(Omit<DeploymentTurn, 'noun'> & { turned: boolean })[]>`
    with old as (
      select d.workspace_id, d.id, d.status, k.at,
        (select q.work_pool_id from work_queues q where q.workspace_id = d.workspace_id and q.id = d.work_queue_id) as work_pool_id
      from json_to_recordset(${recordset(deployments)}::json) as k (workspace_id uuid, id uuid, at timestamptz)
      join deployments d on d.workspace_id = k.workspace_id and d.id = k.id
      order by 1, 2 for no key update of d
    )
    update deployments d set last_polled_at = greatest(d.last_polled_at, old.at), status = 'READY'
    from old where d.workspace_id = old.workspace_id and d.id = old.id
    returning d.workspace_id, d.id, d.name, d.flow_id, d.work_queue_id, old.work_pool_id, d.status, old.status <> d.status as turned`
  return rows.filter((row) => row.turned).map(({ turned: _, ...row }) => ({ noun: 'deployment', ...row }))
}
