import type { Sql } from '../db/clients.ts'
import { shareReads } from '../db/coalesce.ts'
import { type FlowRunRow, flowRunColumns } from '../db/rows/flow-run.ts'
import { NotFound } from '../domain/problem.ts'
import type { RawJson } from '../domain/state.ts'
import { formatInstant, parseInstant } from '../domain/time.ts'
import type { Capability } from '../domain/work/language.ts'
import type { DueWork, Quiet } from './due-work.ts'
import type { Presence } from './presence.ts'
import { freeInPool, freeInQueue, runsWithin } from './work-places.ts'

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

/**
 * Who asks for work: workers of a pool, agents of a queue, runners of deployments. A poll hands runs out without claiming them:
 * whoever moves one to PENDING first has it.
 */
export interface PollWork {
  /**
   * Runs that are due, the most urgent queue first. Who asks alike at the same time gets the same list, not just an equal one, so
   * that what is made of it can be shared too. Throws NotFound when there is no such pool.
   */
  pollPool(poll: PoolPoll): Promise<readonly DueRun[]>
  /** Until when nothing is due in these queues of a pool that whoever asks can run, as far as is known; undefined: look. */
  knownQuiet(which: WhichRuns): PoolQuiet | undefined
  /** The same by a look at the database. Throws NotFound. */
  lookForQuiet(which: WhichRuns): Promise<PoolQuiet>
  /** The same of one queue. Throws NotFound when there is no such queue. */
  pollQueue(
    workspaceId: string,
    queueId: string,
    beforeMicros: number,
    limit: number,
  ): Promise<readonly FlowRunRow[]>
  /** Runs of these deployments that are due, the earliest first. */
  pollDeployments(
    workspaceId: string,
    deploymentIds: readonly string[],
    beforeMicros: number,
    limit: number,
  ): Promise<readonly FlowRunRow[]>
}

export type PoolQuiet = Quiet & { readonly poolId: string }

export interface PollWorkOptions {
  readonly sql: Sql
  readonly dueWork: DueWork
  readonly presence: Pick<Presence, 'polledQueues' | 'polledDeployments'>
}

export function createPollWork({ sql, dueWork, presence }: PollWorkOptions): PollWork {
  const shareDue = shareReads<Due>()
  const shareQuiet = shareReads<PoolQuiet>()
  /** Until when those want to know who wait for a read that has not begun. */
  const asked = new Map<string, number>()

  /** Workers of a pool ask alike: who asks while a read is under way shares the next, and leaves out what is due too late for it. */
  const readDue = async (poll: PoolPoll, key: string): Promise<Due> => {
    if (poll.afterMicros !== null) return readDueOfPool(sql, poll)
    const shared = `${poll.workspaceId} ${poll.limit} ${Math.floor(poll.beforeMicros / 1e6)} ${key}`
    asked.set(shared, Math.max(asked.get(shared) ?? poll.beforeMicros, poll.beforeMicros))
    const due = await shareDue(shared, () => {
      const beforeMicros = asked.get(shared) ?? poll.beforeMicros
      asked.delete(shared)
      return readDueOfPool(sql, { ...poll, beforeMicros })
    })
    if (due.lastMicros <= poll.beforeMicros) return due
    // What is due too late for it may have taken the place of what is not.
    return due.runs.length < poll.limit
      ? { ...due, runs: due.runs.filter(({ run }) => dueMicrosOf(run) <= poll.beforeMicros) }
      : readDueOfPool(sql, poll)
  }

  const lookAtPool = async (poll: PoolPoll, key: string): Promise<readonly DueRun[]> => {
    const { workspaceId } = poll
    const look = dueWork.look(workspaceId, key)
    try {
      const { runs, queueIds } = await readDue(poll, key)
      const [first] = runs
      if (first) {
        presence.polledQueues(workspaceId, first.workPoolId, queueIds)
        return runs
      }
      const quiet = await shareQuiet(`${workspaceId} ${key}`, () => readQuietOfPool(sql, poll))
      if (poll.afterMicros === null && poll.limit > 0) look.found(quiet)
      presence.polledQueues(workspaceId, quiet.poolId, quiet.sources)
      return []
    } finally {
      look.end()
    }
  }

  return {
    async pollPool(poll) {
      const { workspaceId, beforeMicros } = poll
      const key = poolKey(poll)
      const quiet = dueWork.quiet(workspaceId, key)
      if (!quiet || beforeMicros >= quiet.untilMicros) return lookAtPool(poll, key)
      if (quiet.poolId !== null) presence.polledQueues(workspaceId, quiet.poolId, quiet.sources)
      return []
    },

    knownQuiet(which) {
      const known = dueWork.quiet(which.workspaceId, poolKey(which))
      return known && isOfPool(known) ? known : undefined
    },

    async lookForQuiet(which) {
      const look = dueWork.look(which.workspaceId, poolKey(which))
      try {
        const quiet = await readQuietOfPool(sql, which)
        look.found(quiet)
        return quiet
      } finally {
        look.end()
      }
    },

    async pollQueue(workspaceId, queueId, beforeMicros, limit) {
      const key = `/${queueId}`
      const quiet = dueWork.quiet(workspaceId, key)
      if (quiet?.poolId && beforeMicros < quiet.untilMicros) {
        presence.polledQueues(workspaceId, quiet.poolId, quiet.sources)
        return []
      }
      const queue = await readQueue(sql, workspaceId, queueId)
      if (queue.filter !== null) {
        presence.polledQueues(workspaceId, queue.workPoolId, [queue.id])
        return readDueOfFilter(sql, workspaceId, queue, beforeMicros, limit)
      }
      const poll = {
        workspaceId,
        poolName: queue.workPoolName,
        queueNames: [queue.name],
        beforeMicros,
        limit,
        runs: 'any',
      } as const
      const due = await lookAtPool({ ...poll, afterMicros: null }, key)
      return due.map(({ run }) => run)
    },

    async pollDeployments(workspaceId, deploymentIds, beforeMicros, limit) {
      if (deploymentIds.length === 0) return []
      const ids = [...new Set(deploymentIds)].sort()
      presence.polledDeployments(workspaceId, ids)
      const key = `deployments ${ids.join(' ')}`
      const quiet = dueWork.quiet(workspaceId, key)
      if (quiet && beforeMicros < quiet.untilMicros) return []
      const look = dueWork.look(workspaceId, key)
      try {
        const due = await readDueOfDeployments(sql, workspaceId, ids, beforeMicros, limit)
        if (due.length > 0 || limit === 0) return due
        const untilMicros = await readNextOfDeployments(sql, workspaceId, ids)
        look.found({ poolId: null, sources: ids, runs: 'any', untilMicros, isLimited: false })
        return due
      } finally {
        look.end()
      }
    },
  }
}

/** What a poll of a pool is remembered under. Names cannot hold a slash. */
export const poolKey = ({ poolName, queueNames, runs }: WhichRuns): string =>
  `${poolName}/${runs}${queueNames === null ? '' : `/${[...new Set(queueNames)].sort().join('/')}`}`

/** Waits for a worker: scheduled, and not for its own process to retry it. */
const waits = (sql: Sql) =>
  sql`r.next_scheduled_start_at is not null and r.state_type = 'SCHEDULED' and coalesce(r.empirical_policy ->> 'retry_type', '') <> 'in_process'`

const isOfPool = (quiet: Quiet): quiet is PoolQuiet => quiet.poolId !== null

export type WhichRuns = Pick<PoolPoll, 'workspaceId' | 'poolName' | 'queueNames' | 'runs'>

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

const dueMicrosOf = ({ nextScheduledStartAt }: FlowRunRow): number =>
  parseInstant(nextScheduledStartAt ?? '') ?? 0

type DueRow = FlowRunRow & {
  readonly workPoolId: string
  readonly workQueueId: string
  /** All queues that were asked; in the first row only. */
  readonly queueIds: readonly string[] | null
}

interface Due {
  readonly runs: readonly DueRun[]
  /** When the last of them came due. */
  readonly lastMicros: number
  /** All queues that were asked, if there is any run. */
  readonly queueIds: readonly string[]
}

async function readDueOfPool(sql: Sql, poll: PoolPoll): Promise<Due> {
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
async function readQuietOfPool(sql: Sql, poll: WhichRuns): Promise<PoolQuiet> {
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

async function readQueue(sql: Sql, workspaceId: string, id: string): Promise<PolledQueue> {
  const [queue] = await sql<PolledQueue[]>`
    select q.id, q.work_pool_id, p.name as work_pool_name, q.name, q.filter
    from work_queues q join work_pools p on p.workspace_id = q.workspace_id and p.id = q.work_pool_id
    where q.workspace_id = ${workspaceId} and q.id = ${id}`
  if (!queue) throw new NotFound('Work queue')
  return queue
}

/** A queue of clients 2.x may choose runs by their tags and deployments instead of by the queue that they name. */
async function readDueOfFilter(
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

const readDueOfDeployments = (
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

async function readNextOfDeployments(sql: Sql, workspaceId: string, ids: readonly string[]): Promise<number> {
  const [row] = await sql<{ nextMicros: number | null }[]>`
    select (extract(epoch from min(next_at)) * 1e6)::bigint as next_micros
    from unnest(${[...ids]}::uuid[]) k (id) cross join lateral (
      select r.next_scheduled_start_at as next_at from flow_runs r
      where r.workspace_id = ${workspaceId} and r.deployment_id = k.id and ${waits(sql)}
      order by r.next_scheduled_start_at limit 1
    ) next`
  return row?.nextMicros ?? Number.POSITIVE_INFINITY
}
