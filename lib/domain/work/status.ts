/** A pool is READY while a worker is online, a queue or deployment while somebody polls it; pausing comes before either. */
export const workStatuses = ['READY', 'NOT_READY', 'PAUSED'] as const
export type WorkStatus = (typeof workStatuses)[number]

export const workerStatuses = ['ONLINE', 'OFFLINE'] as const
export type WorkerStatus = (typeof workerStatuses)[number]

/** What became of a pool or queue, as its event is called. */
export const happenedOf = {
  READY: 'ready',
  NOT_READY: 'not-ready',
  PAUSED: 'paused',
} as const satisfies Record<WorkStatus, string>

/** The pool in which queues of clients 2.x live that name none. */
export const DEFAULT_POOL_NAME = 'default-agent-pool'
export const DEFAULT_QUEUE_NAME = 'default'

/** Pools of this type are polled by agents of clients 2.x, which send no heartbeats: they have no status. */
export const AGENT_POOL_TYPE = 'prefect-agent'

/** How long a queue or deployment that nobody polls any more counts as ready. */
export const POLLED_LATELY_SECONDS = 60

/** Names of pools that belong to the product. */
export const isReservedPoolName = (name: string): boolean => /^prefect/i.test(name)
