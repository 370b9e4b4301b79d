import type { Queryable, Transaction } from '../db/clients.ts'
import type { WorkPlaceFact, WorkSlotsFact } from '../domain/orchestration/decide.ts'
import { type Capability, entrypointsBeyond } from '../domain/work/language.ts'
import { plainArray } from './array-literal.ts'
import type { StoredFlowRun } from './stored.ts'

interface Place {
  readonly id: string
  readonly name: string
  readonly paused: boolean
  readonly limit: number | null
  readonly holders: WorkPlaceFact['holders']
  active: number
}

interface CountRow {
  readonly workspaceId: string
  readonly id: string
  readonly active: number
  readonly holders: WorkPlaceFact['holders'] | null
}

/** A lock a pool: its slots and those of its queues are counted under it. Half of the id's random bits; a collision costs a wait. */
const lockKeyOf = (poolId: string): bigint => BigInt(`0x${poolId.replaceAll('-', '').slice(-15)}`)

/**
 * Locks pools for as long as the transaction lasts, in one order. No row is locked, so that polls, which write when a pool was last
 * asked, wait for nobody.
 */
export async function lockPools(sql: Transaction, poolIds: Iterable<string>): Promise<void> {
  const keys = [...new Set([...poolIds].map(lockKeyOf))].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  if (keys.length === 0) return
  await sql`select pg_advisory_xact_lock(k) from unnest(${plainArray(keys.map(String))}::bigint[]) k`
}

/** The same of those among these pools that have a limit, or a queue with one. */
export const lockLimitedPools = (
  sql: Transaction,
  pools: readonly { readonly workspaceId: string; readonly workPoolId: string }[],
) => sql`
  select pg_advisory_xact_lock(key) from (
    select k.key
    from unnest(
      ${plainArray(pools.map((pool) => pool.workspaceId))}::uuid[], ${plainArray(pools.map((pool) => pool.workPoolId))}::uuid[],
      ${plainArray(pools.map((pool) => String(lockKeyOf(pool.workPoolId))))}::bigint[]) k (workspace_id, id, key)
    join work_pools p on p.workspace_id = k.workspace_id and p.id = k.id
    where p.concurrency_limit is not null or exists (
      select from work_queues q where q.workspace_id = p.workspace_id and q.work_pool_id = p.id and q.concurrency_limit is not null)
    order by k.key offset 0) limited`

/** Slots that a pool `p` has left; null: no limit, and nothing is counted. */
export const freeInPool = (sql: Queryable) => sql`
  case when p.concurrency_limit is not null then p.concurrency_limit - (
    select count(*)::int from run_claims c where c.workspace_id = p.workspace_id and c.work_pool_id = p.id) end`

/** The same of a queue `q`. */
export const freeInQueue = (sql: Queryable) => sql`
  case when q.concurrency_limit is not null then q.concurrency_limit - (
    select count(*)::int from run_claims c where c.workspace_id = q.workspace_id and c.work_queue_id = q.id) end`

/**
 * Leaves out runs `r` that somebody cannot run. As a value that is looked up, not a join: Postgres would give up the order of the
 * queue's index for it.
 */
export const runsWithin = (sql: Queryable, capability: Capability) => {
  const beyond = entrypointsBeyond(capability)
  return beyond === null
    ? sql``
    : sql`and ((select d.entrypoint from deployments d where d.workspace_id = r.workspace_id and d.id = r.deployment_id) ~ ${beyond}::text) is not true`
}

/** Pools and queues with a limit, as a batch fills them. */
export class WorkPlaces {
  readonly #places: ReadonlyMap<string, Place>

  /** Of runs of which none waits in a place with a limit. */
  static readonly none = new WorkPlaces(new Map())

  private constructor(places: ReadonlyMap<string, Place>) {
    this.#places = places
  }

  /** Locks the pools of these runs and counts who is in them. Runs whose queue and pool have no limit cost nothing. */
  static async open(sql: Transaction, runs: readonly StoredFlowRun[]): Promise<WorkPlaces> {
    const limited = runs.filter(
      (run) => run.workPoolId !== null && (run.poolLimit !== null || run.queueLimit !== null),
    )
    const places = new Map<string, Place>()
    if (limited.length === 0) return new WorkPlaces(places)
    for (const run of limited) {
      for (const [id, place] of [
        [
          run.workPoolId,
          { name: run.workPoolName ?? '', paused: run.poolPaused === true, limit: run.poolLimit },
        ],
        [
          run.workQueueId,
          { name: run.workQueueName ?? '', paused: run.queuePaused === true, limit: run.queueLimit },
        ],
      ] as const)
        if (id !== null) places.set(`${run.workspaceId} ${id}`, { id, ...place, holders: [], active: 0 })
    }
    await lockPools(
      sql,
      limited.map((run) => run.workPoolId ?? ''),
    )
    const [pools, queues] = await Promise.all([
      count(sql, 'work_pool_id', limited, (run) => [run.workPoolId, run.poolLimit]),
      count(sql, 'work_queue_id', limited, (run) => [run.workQueueId, run.queueLimit]),
    ])
    for (const row of [...pools, ...queues]) {
      const place = places.get(`${row.workspaceId} ${row.id}`)
      if (place)
        places.set(`${row.workspaceId} ${row.id}`, {
          ...place,
          active: row.active,
          holders: row.holders ?? [],
        })
    }
    return new WorkPlaces(places)
  }

  factOf(run: StoredFlowRun): WorkSlotsFact | null {
    const pool = this.#places.get(`${run.workspaceId} ${run.workPoolId}`)
    const queue = this.#places.get(`${run.workspaceId} ${run.workQueueId}`)
    return pool && queue ? { pool: { ...pool }, queue: { ...queue } } : null
  }

  /** A run of this batch came (1) or went (−1). */
  move(run: StoredFlowRun, by: 1 | -1): void {
    for (const id of [run.workPoolId, run.workQueueId]) {
      const place = this.#places.get(`${run.workspaceId} ${id}`)
      if (place) place.active += by
    }
  }
}

/** How many runs are in each place that has a limit, and who was there first where it is full. */
async function count(
  sql: Transaction,
  column: 'work_pool_id' | 'work_queue_id',
  runs: readonly StoredFlowRun[],
  placeOf: (run: StoredFlowRun) => readonly [string | null, number | null],
): Promise<readonly CountRow[]> {
  const wanted = new Map<string, { workspaceId: string; id: string; limit: number }>()
  for (const run of runs) {
    const [id, limit] = placeOf(run)
    if (id !== null && limit !== null)
      wanted.set(`${run.workspaceId} ${id}`, { workspaceId: run.workspaceId, id, limit })
  }
  if (wanted.size === 0) return []
  const rows = [...wanted.values()]
  return sql<CountRow[]>`
    select k.workspace_id, k.id, n.active,
           case when n.active >= k.slot_limit then (
             select jsonb_agg(jsonb_build_object('id', h.id, 'name', h.name) order by h.claimed_at) from (
               select r.id, r.name, c.claimed_at from run_claims c
               join flow_runs r on r.workspace_id = c.workspace_id and r.id = c.run_id
               where c.workspace_id = k.workspace_id and c.${sql(column)} = k.id order by c.claimed_at limit 3) h) end as holders
    from unnest(${plainArray(rows.map((row) => row.workspaceId))}::uuid[], ${plainArray(rows.map((row) => row.id))}::uuid[],
                ${plainArray(rows.map((row) => row.limit))}::int[]) k (workspace_id, id, slot_limit)
    cross join lateral (
      select count(*)::int as active from run_claims c where c.workspace_id = k.workspace_id and c.${sql(column)} = k.id) n`
}
