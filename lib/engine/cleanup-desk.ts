import type { Sql } from '../db/clients.ts'
import { uuidv7 } from '../db/uuid.ts'
import { formatInstant } from '../domain/time.ts'

export const cleanupKinds = ['cancelling_timeout_teardown.v1', 'pending_claim_teardown.v1'] as const
export type CleanupKind = (typeof cleanupKinds)[number]

/** Infrastructure that somebody has to tear down, as it is handed to one worker. */
export interface Cleanup {
  readonly id: string
  readonly workQueueId: string | null
  readonly kind: CleanupKind
  readonly target: Readonly<Record<string, unknown>>
  readonly deliveries: number
  /** Only its holder may say that it is done. */
  readonly token: string
  readonly reservedUntil: string
}

/** A worker that takes cleanups of its pool. */
export interface CleanupTaker {
  readonly workspaceId: string
  readonly workPoolId: string
  readonly kinds: readonly CleanupKind[]
  /** How many it does at once. */
  readonly capacity: number
  readonly deliver: (cleanup: Cleanup) => void
}

export interface CleanupDesk {
  /** Answers what is called when the taker leaves. */
  enter(taker: CleanupTaker): () => void
  /** Whether it was the holder's; then it is gone. */
  done(workspaceId: string, id: string, token: string): Promise<boolean>
  /** Hands it to somebody else. */
  giveBack(workspaceId: string, id: string, token: string): Promise<boolean>
  /** Until when the holder has it now; null: it is not the holder's. */
  renew(workspaceId: string, id: string, token: string): Promise<string | null>
  /** Looks for cleanups that wait, and hands them out. */
  handOut(): Promise<number>
  close(): void
}

export const CLEANUP_LEASE_SECONDS = 30
export const MAX_DELIVERIES = 3
const LOOK_EVERY_MS = 5_000

/** Notes what is to be torn down of a run. Runs of pools that are gone, or that never said where they run, leave nothing to do. */
export async function enqueueCleanup(
  sql: Sql,
  workspaceId: string,
  runId: string,
  kind: CleanupKind,
): Promise<void> {
  await sql`
    insert into worker_cleanups (workspace_id, id, work_pool_id, work_queue_id, kind, target)
    select r.workspace_id, ${uuidv7()}, q.work_pool_id, q.id, ${kind},
      jsonb_build_object('flow_run_id', r.id, 'infrastructure_pid', r.infrastructure_pid)
    from flow_runs r join work_queues q on q.workspace_id = r.workspace_id and q.id = r.work_queue_id
    where r.workspace_id = ${workspaceId} and r.id = ${runId} and r.infrastructure_pid is not null`
}

/**
 * Hands cleanups to the workers that are connected to this process: each to one at a time, for a while; what is not done by
 * then goes to the next, three times at most. Nothing is looked for while nobody takes any.
 */
export function createCleanupDesk(
  sql: Sql,
  nowMicros: () => number,
  onError: (error: unknown) => void,
): CleanupDesk {
  const takers = new Map<CleanupTaker, Set<string>>()
  let timer: NodeJS.Timeout | undefined
  let looking: Promise<number> | undefined

  const leaseEnd = (): string => formatInstant(nowMicros() + CLEANUP_LEASE_SECONDS * 1e6)

  const look = async (): Promise<number> => {
    let handed = 0
    for (const [taker, held] of takers) {
      const room = taker.capacity - held.size
      if (room <= 0) continue
      const until = leaseEnd()
      const rows = await sql<Cleanup[]>`
        with mine as (
          select c.workspace_id, c.id from worker_cleanups c
          where c.workspace_id = ${taker.workspaceId} and c.work_pool_id = ${taker.workPoolId} and c.kind = any(${[...taker.kinds]}::text[])
            and c.deliveries < ${MAX_DELIVERIES} and (c.reserved_until is null or c.reserved_until < ${formatInstant(nowMicros())})
          order by c.id limit ${room} for update skip locked
        )
        update worker_cleanups c set token = gen_random_uuid(), reserved_until = ${until}, deliveries = c.deliveries + 1
        from mine where c.workspace_id = mine.workspace_id and c.id = mine.id
        returning c.id, c.work_queue_id, c.kind, c.target, c.deliveries, c.token, c.reserved_until`
      for (const row of rows) {
        held.add(row.id)
        handed++
        taker.deliver(row)
        // What it neither does nor renews is another's after the lease; then it may take it once more.
        setTimeout(() => held.delete(row.id), CLEANUP_LEASE_SECONDS * 1_000).unref()
      }
    }
    return handed
  }

  const handOut = (): Promise<number> => {
    looking ??= look().finally(() => {
      looking = undefined
    })
    return looking
  }

  const letGo = (id: string): void => {
    for (const held of takers.values()) held.delete(id)
  }

  return {
    enter(taker) {
      takers.set(taker, new Set())
      timer ??= setInterval(() => void handOut().catch(onError), LOOK_EVERY_MS).unref()
      void handOut().catch(onError)
      return () => {
        takers.delete(taker)
        if (takers.size > 0) return
        clearInterval(timer)
        timer = undefined
      }
    },
    async done(workspaceId, id, token) {
      const rows = await sql`
        delete from worker_cleanups where workspace_id = ${workspaceId} and id = ${id} and token = ${token}
          and reserved_until >= ${formatInstant(nowMicros())} returning id`
      letGo(id)
      return rows.length > 0
    },
    async giveBack(workspaceId, id, token) {
      const rows = await sql`
        update worker_cleanups set token = null, reserved_until = null
        where workspace_id = ${workspaceId} and id = ${id} and token = ${token} returning id`
      letGo(id)
      return rows.length > 0
    },
    async renew(workspaceId, id, token) {
      const [row] = await sql<{ reservedUntil: string }[]>`
        update worker_cleanups set reserved_until = ${leaseEnd()}
        where workspace_id = ${workspaceId} and id = ${id} and token = ${token} and reserved_until >= ${formatInstant(nowMicros())}
        returning reserved_until`
      return row?.reservedUntil ?? null
    },
    handOut,
    close() {
      takers.clear()
      clearInterval(timer)
      timer = undefined
    },
  }
}
