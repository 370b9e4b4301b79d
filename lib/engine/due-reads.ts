import type { Sql } from '../db/clients.ts'
import { type FlowRunRow, flowRunColumns } from '../db/rows/flow-run.ts'
import { NotFound } from '../domain/problem.ts'
import type { RawJson } from '../domain/state.ts'
import { formatInstant, parseInstant } from '../domain/time.ts'
import type { Capability } from '../domain/work/language.ts'
import type { Quiet } from './due-work.ts'
import { freeInPool, freeInQueue, runsWithin } from './work-places.ts'

// What is due in the database, and when the next run will be: looked up for polls and for those who wait to claim.

/** A run that is due, and where it waits. */
export interface DueRun {
  readonly workPoolId: string
  readonly workQueueId: string
  readonly run: FlowRunRow
}

export interface PoolPoll {
  readonly workspaceId: string
  readonly poolName: string
  /** null: all queues of the pool. */
  readonly queueNames: readonly string[] | null
  /** Microseconds since 1970. */
  readonly beforeMicros: number
  readonly afterMicros: number | null
  readonly limit: number
  readonly runs: Capability
}

/** A queue, as its poll needs it. */
interface PolledQueue {
  readonly id: string
  readonly workPoolId: string
  readonly workPoolName: string
  readonly name: string
  readonly filter: RawJson | null
}

export type WhichRuns = Pick<PoolPoll, 'workspaceId' | 'poolName' | 'queueNames' | 'runs'>

export type PoolQuiet = Quiet & { readonly poolId: string }

/** Waits for a worker: scheduled, and not for its own process to retry it. */
const waits = (sql: Sql) =>
  sql`r.next_scheduled_start_at is not null and r.state_type = 'SCHEDULED' and coalesce(r.empirical_policy ->> 'retry_type', '') <> 'in_process'`

/** The pool and those of its queues that are asked, with the slots that each has left (null: no limit). */
const poolAndQueues = (sql: Sql, { workspaceId, poolName, queueNames }: WhichRuns) => sql`
  pool as materialized (
    select p.id, p.is_paused, ${freeInPool(sql)} as free
    from work_pools p where p.workspace_id = ${workspaceId} and p.name = ${poolName}
  ), queues as materialized (
    select q.id, q.priority, pool.is_paused or q.is_paused as is_paused,
      least(pool.free, ${freeInQueue(sql)}) as free
    from pool join work_queues q on q.workspace_id = ${workspaceId} and q.work_pool_id = pool.id
    ${queueNames === null ? sql`` : sql`where q.name = any(${[...queueNames]}::text[])`}
  )`

export const dueMicrosOf = ({ nextScheduledStartAt }: FlowRunRow): number =>
  parseInstant(nextScheduledStartAt ?? '') ?? 0

type DueRow = FlowRunRow & {
  readonly workPoolId: string
  readonly workQueueId: string
  /** All queues that were asked; in the first row only. */
  readonly queueIds: readonly string[] | null
}

export interface Due {
  readonly runs: readonly DueRun[]
  /** When the last of them came due. */
  readonly lastMicros: number
  /** All queues that were asked, if there is any run. */
  readonly queueIds: readonly string[]
}

export async function readDueOfPool(sql: Sql, poll: PoolPoll): Promise<Due> {
  const rows = await readDueRows(sql, poll)
  return {
    runs: rows.map(({ queueIds: _, ...run }) => ({
      workPoolId: run.workPoolId,
      workQueueId: run.workQueueId,
      run,
    })),
    lastMicros: rows.reduce((last, row) => Math.max(last, dueMicrosOf(row)), Number.NEGATIVE_INFINITY),
    queueIds: rows.flatMap((row) => row.queueIds ?? []),
  }
}

const readDueRows = (sql: Sql, poll: PoolPoll) => sql<DueRow[]>`
  with ${poolAndQueues(sql, poll)}, due as materialized (
    select d.id, q.priority, d.next_at, row_number() over (order by q.priority, d.next_at, d.id) as place
    from queues q cross join lateral (
      select r.id, r.next_scheduled_start_at as next_at from flow_runs r
      where r.workspace_id = ${poll.workspaceId} and r.work_queue_id = q.id and ${waits(sql)} ${runsWithin(sql, poll.runs)}
        and r.next_scheduled_start_at <= ${formatInstant(poll.beforeMicros)}
        ${poll.afterMicros === null ? sql`` : sql`and r.next_scheduled_start_at >= ${formatInstant(poll.afterMicros)}`}
      order by r.next_scheduled_start_at limit greatest(0, least(q.free, ${poll.limit}::int))
    ) d
    where not q.is_paused
    order by q.priority, d.next_at, d.id
    limit (select greatest(0, least(free, ${poll.limit}::int)) from pool)
  )
  select ${flowRunColumns(sql)},
    case when due.place = 1 then (select array_agg(id) from queues) end as queue_ids
  from due join flow_runs r on r.workspace_id = ${poll.workspaceId} and r.id = due.id
  join flows f on f.workspace_id = r.workspace_id and f.id = r.flow_id
  order by due.place`

/** When the next run of these queues is due. Throws NotFound. */
export async function readQuietOfPool(sql: Sql, poll: WhichRuns): Promise<PoolQuiet> {
  const [row] = await sql<
    { poolId: string; sources: string[] | null; nextMicros: number | null; isLimited: boolean | null }[]
  >`
    with ${poolAndQueues(sql, poll)}, next as (
      select q.id, not q.is_paused and coalesce(q.free, 1) <= 0 as is_limited, (
        select r.next_scheduled_start_at from flow_runs r
        where r.workspace_id = ${poll.workspaceId} and r.work_queue_id = q.id and ${waits(sql)} ${runsWithin(sql, poll.runs)}
          and not q.is_paused and coalesce(q.free, 1) > 0
        order by r.next_scheduled_start_at limit 1) as next_at
      from queues q
    )
    select (select id from pool) as pool_id, array_agg(id) as sources, bool_or(is_limited) as is_limited,
      (extract(epoch from min(next_at)) * 1e6)::bigint as next_micros
    from next where (select id from pool) is not null`
  if (!row?.poolId) throw new NotFound(`Work pool "${poll.poolName}"`)
  return {
    poolId: row.poolId,
    sources: row.sources ?? [],
    runs: poll.runs,
    untilMicros: row.nextMicros ?? Number.POSITIVE_INFINITY,
    isLimited: row.isLimited ?? false,
  }
}

export async function readQueue(sql: Sql, workspaceId: string, id: string): Promise<PolledQueue> {
  const [queue] = await sql<PolledQueue[]>`
    select q.id, q.work_pool_id, p.name as work_pool_name, q.name, q.filter
    from work_queues q join work_pools p on p.workspace_id = q.workspace_id and p.id = q.work_pool_id
    where q.workspace_id = ${workspaceId} and q.id = ${id}`
  if (!queue) throw new NotFound('Work queue')
  return queue
}

/** A queue of clients 2.x may choose runs by their tags and deployments instead of by the queue that they name. */
export async function readDueOfFilter(
  sql: Sql,
  workspaceId: string,
  queue: PolledQueue,
  beforeMicros: number,
  limit: number,
): Promise<readonly FlowRunRow[]> {
  const { tags, deployment_ids: deploymentIds } = JSON.parse(queue.filter ?? '{}') as {
    readonly tags?: readonly string[] | null
    readonly deployment_ids?: readonly string[] | null
  }
  return sql<FlowRunRow[]>`
    with queue as materialized (
      select q.is_paused or p.is_paused as is_paused,
        least(${freeInPool(sql)}, ${freeInQueue(sql)}) as free
      from work_queues q join work_pools p on p.workspace_id = q.workspace_id and p.id = q.work_pool_id
      where q.workspace_id = ${workspaceId} and q.id = ${queue.id}
    )
    select ${flowRunColumns(sql)}
    from queue, flow_runs r join flows f on f.workspace_id = r.workspace_id and f.id = r.flow_id
    where r.workspace_id = ${workspaceId} and ${waits(sql)} and r.next_scheduled_start_at <= ${formatInstant(beforeMicros)}
      and not queue.is_paused
      ${tags?.length ? sql`and r.tags @> ${[...tags]}::text[]` : sql``}
      ${deploymentIds?.length ? sql`and r.deployment_id = any(${[...deploymentIds]}::uuid[])` : sql``}
    order by r.next_scheduled_start_at, r.id
    limit (select greatest(0, least(free, ${limit}::int)) from queue)`
}

export const readDueOfDeployments = (
  sql: Sql,
  workspaceId: string,
  ids: readonly string[],
  beforeMicros: number,
  limit: number,
): Promise<readonly FlowRunRow[]> => sql<FlowRunRow[]>`
  select ${flowRunColumns(sql)}
  from (
    select d.id from unnest(${[...ids]}::uuid[]) k (id) cross join lateral (
      select r.id, r.next_scheduled_start_at as next_at from flow_runs r
      where r.workspace_id = ${workspaceId} and r.deployment_id = k.id and ${waits(sql)}
        and r.next_scheduled_start_at <= ${formatInstant(beforeMicros)}
      order by r.next_scheduled_start_at limit ${limit}
    ) d order by d.next_at, d.id limit ${limit}
  ) due join flow_runs r on r.workspace_id = ${workspaceId} and r.id = due.id
  join flows f on f.workspace_id = r.workspace_id and f.id = r.flow_id
  order by r.next_scheduled_start_at, r.id`

export async function readNextOfDeployments(
  sql: Sql,
  workspaceId: string,
  ids: readonly string[],
): Promise<number> {
  const [row] = await sql<{ nextMicros: number | null }[]>`
    select (extract(epoch from min(next_at)) * 1e6)::bigint as next_micros
    from unnest(${[...ids]}::uuid[]) k (id) cross join lateral (
      select r.next_scheduled_start_at as next_at from flow_runs r
      where r.workspace_id = ${workspaceId} and r.deployment_id = k.id and ${waits(sql)}
      order by r.next_scheduled_start_at limit 1
    ) next`
  return row?.nextMicros ?? Number.POSITIVE_INFINITY
}
