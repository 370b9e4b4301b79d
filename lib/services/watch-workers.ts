import { recordTurns } from '../control/work/record-turns.ts'
import type { Sql } from '../db/clients.ts'
import { formatInstant } from '../domain/time.ts'
import { POLLED_LATELY_SECONDS } from '../domain/work/status.ts'
import { type DeploymentTurn, type QueueTurn, turnPools, type WorkerTurn } from '../engine/presence-writes.ts'
import type { Service } from './service.ts'

/** Rows of a kind in one turn. */
const BATCH = 500
/** A worker that says nothing of its interval beats this often. */
const USUAL_BEAT_SECONDS = 30
/** Beats that may be missed. */
const MISSED_BEATS = 3
/** Every how many turns all deployments are looked through, for what a race left ready, and workers forgotten. */
const SWEEP_EVERY = 20
/** Most workers are named after a process or a pod, and never come back; one that does is made anew by its next beat. */
const REMEMBERED_DAYS = 7

/**
 * Notices who went away: workers that no longer beat, pools whose last worker went, queues and deployments that nobody polls.
 * Each row turns once, whichever replica sees it first: whoever comes second finds nothing to change. Workers that have been away
 * for a week are forgotten.
 */
export function createWatchWorkers(): Service {
  let turn = 0
  return {
    name: 'watch-workers',
    everySeconds: 15,
    runOnce: async ({ db, engine, nowMicros }) => {
      const sql = db.engine
      const now = formatInstant(nowMicros())
      const unpolledSince = formatInstant(nowMicros() - POLLED_LATELY_SECONDS * 1e6)
      const workers = await loseWorkers(sql, now)
      const pools = await turnPools(sql, await poolsWithoutWorkers(sql), 'NOT_READY')
      const queues = await turnQueues(sql, unpolledSince)
      const served = await turnServedDeployments(sql, unpolledSince)
      const isSweep = turn++ % SWEEP_EVERY === 0
      const forgotten = isSweep ? await forgetWorkers(sql, now) : []
      for (const { workspaceId, id } of forgotten)
        engine.announce(workspaceId, [{ kind: 'object', noun: 'worker', id, happened: 'deleted' }])
      const ofQueues = isSweep
        ? await turnQueuedDeployments(sql, unpolledSince, null)
        : await turnQueuedDeployments(sql, unpolledSince, queues)
      const deployments = [...served, ...ofQueues]
      await recordTurns({ engine, nowMicros }, [...workers, ...pools, ...queues, ...deployments])
      return {
        counts: {
          workers: workers.length,
          pools: pools.length,
          queues: queues.length,
          deployments: deployments.length,
          forgotten: forgotten.length,
        },
        more: [workers, pools, queues, served, ofQueues].some((turned) => turned.length >= BATCH),
      }
    },
  }
}

export const watchWorkers = createWatchWorkers()

async function loseWorkers(sql: Sql, now: string): Promise<readonly WorkerTurn[]> {
  const rows = await sql<Omit<WorkerTurn, 'noun'>[]>`
    with silent as (
      select w.workspace_id, w.id from workers w
      where w.status = 'ONLINE' and w.last_heartbeat_at < ${now}::timestamptz - make_interval(
        secs => ${MISSED_BEATS} * greatest(1, coalesce(w.heartbeat_interval_seconds, ${USUAL_BEAT_SECONDS})))
      order by 1, 2 limit ${BATCH} for no key update skip locked
    )
    update workers w set status = 'OFFLINE', updated_at = now()
    from silent where w.workspace_id = silent.workspace_id and w.id = silent.id
    returning w.workspace_id, w.id`
  return rows.map((row) => ({ noun: 'worker', ...row }))
}

const forgetWorkers = (sql: Sql, now: string) => sql<{ workspaceId: string; id: string }[]>`
  with away as (
    select w.workspace_id, w.id from workers w
    where w.status = 'OFFLINE' and w.last_heartbeat_at < ${now}::timestamptz - make_interval(days => ${REMEMBERED_DAYS})
    order by 1, 2 limit ${BATCH} for update skip locked
  )
  delete from workers w using away where w.workspace_id = away.workspace_id and w.id = away.id
  returning w.workspace_id, w.id`

const poolsWithoutWorkers = (sql: Sql) => sql<{ workspaceId: string; id: string }[]>`
  select p.workspace_id, p.id from work_pools p
  where p.status = 'READY' and not p.is_paused
    and not exists (select from workers w where w.workspace_id = p.workspace_id and w.work_pool_id = p.id and w.status = 'ONLINE')
  limit ${BATCH}`

async function turnQueues(sql: Sql, unpolledSince: string): Promise<readonly QueueTurn[]> {
  const rows = await sql<Omit<QueueTurn, 'noun'>[]>`
    with silent as (
      select q.workspace_id, q.id from work_queues q
      where q.status = 'READY' and not q.is_paused and (q.last_polled_at is null or q.last_polled_at < ${unpolledSince})
      order by 1, 2 limit ${BATCH} for no key update skip locked
    )
    update work_queues q set status = 'NOT_READY', status_changed_at = now()
    from silent where q.workspace_id = silent.workspace_id and q.id = silent.id
    returning q.workspace_id, q.id, q.name, q.work_pool_id, q.status`
  return rows.map((row) => ({ noun: 'work-queue', ...row }))
}

/** Deployments that belong to no queue: runners ask for them by their ids. */
async function turnServedDeployments(sql: Sql, unpolledSince: string): Promise<readonly DeploymentTurn[]> {
  const rows = await sql<Omit<DeploymentTurn, 'noun'>[]>`
    with silent as (
      select d.workspace_id, d.id from deployments d
      where d.work_queue_id is null and d.status = 'READY' and (d.last_polled_at is null or d.last_polled_at < ${unpolledSince})
      order by 1, 2 limit ${BATCH} for no key update skip locked
    )
    update deployments d set status = 'NOT_READY'
    from silent where d.workspace_id = silent.workspace_id and d.id = silent.id
    returning d.workspace_id, d.id, d.name, d.flow_id, d.work_queue_id, null::uuid as work_pool_id, d.status`
  return rows.map((row) => ({ noun: 'deployment', ...row }))
}

/** Deployments of queues that nobody polls: of those that have just turned, or of all (null). */
async function turnQueuedDeployments(
  sql: Sql,
  unpolledSince: string,
  queues: readonly QueueTurn[] | null,
): Promise<readonly DeploymentTurn[]> {
  if (queues?.length === 0) return []
  const keys = JSON.stringify(
    (queues ?? []).map(({ workspaceId, id }) => ({ workspace_id: workspaceId, id })),
  )
  const rows = await sql<Omit<DeploymentTurn, 'noun'>[]>`
    with silent as (
      select d.workspace_id, d.id, q.work_pool_id
      from ${queues === null ? sql`` : sql`json_to_recordset(${keys}::json) as k (workspace_id uuid, id uuid) join`} work_queues q
        ${queues === null ? sql`` : sql`on q.workspace_id = k.workspace_id and q.id = k.id`}
      join deployments d on d.workspace_id = q.workspace_id and d.work_queue_id = q.id
      where d.status = 'READY' and greatest(d.last_polled_at, q.last_polled_at) < ${unpolledSince}
      order by 1, 2 ${queues === null ? sql`limit ${BATCH}` : sql``} for no key update of d skip locked
    )
    update deployments d set status = 'NOT_READY'
    from silent where d.workspace_id = silent.workspace_id and d.id = silent.id
    returning d.workspace_id, d.id, d.name, d.flow_id, d.work_queue_id, silent.work_pool_id, d.status`
  return rows.map((row) => ({ noun: 'deployment', ...row }))
}
