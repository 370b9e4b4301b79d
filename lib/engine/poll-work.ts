import type { Sql } from '../db/clients.ts'
import { shareReads } from '../db/coalesce.ts'
import type { FlowRunRow } from '../db/rows/flow-run.ts'
import {
  type Due,
  type DueRun,
  dueMicrosOf,
  type PoolPoll,
  type PoolQuiet,
  readDueOfDeployments,
  readDueOfFilter,
  readDueOfPool,
  readNextOfDeployments,
  readQueue,
  readQuietOfPool,
  type WhichRuns,
} from './due-reads.ts'
import type { DueWork, Quiet } from './due-work.ts'
import type { Presence } from './presence.ts'

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

const isOfPool = (quiet: Quiet): quiet is PoolQuiet => quiet.poolId !== null
