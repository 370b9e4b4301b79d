import { readWorkspace } from '../../db/scope.ts'
import type { StateType } from '../../domain/state.ts'
import { type Context, requireScope } from '../context.ts'
import { poolByName } from './read-work-pool.ts'

/** A run that takes a slot of its pool and queue now. */
export interface SlotHolder {
  readonly id: string
  readonly name: string
  readonly stateType: StateType | null
  readonly stateName: string | null
  readonly startAt: string | null
  readonly stateAt: string | null
}

export interface QueueSlots {
  readonly id: string
  readonly name: string
  readonly concurrencyLimit: number | null
  readonly activeSlots: number
  /** The first ones that took theirs. */
  readonly holders: readonly SlotHolder[]
}

export interface PoolSlots {
  readonly activeSlots: number
  readonly concurrencyLimit: number | null
  readonly queues: readonly QueueSlots[]
  readonly queueCount: number
  readonly holders: readonly SlotHolder[]
}

/** Who takes the slots of a pool, queue by queue: a page of queues, at most `holdersPerQueue` runs each. Throws NotFound. */
export async function readPoolConcurrency(
  ctx: Context,
  name: string,
  {
    limit,
    offset,
    holdersPerQueue,
  }: { readonly limit: number; readonly offset: number; readonly holdersPerQueue: number },
): Promise<PoolSlots> {
  requireScope(ctx, 'see_work_pools')
  requireScope(ctx, 'see_work_queues')
  const { workspaceId } = ctx
  return readWorkspace(ctx.db, workspaceId, async (sql) => {
    const pool = await poolByName(sql, workspaceId, name)
    const [queues, [count], holders] = await Promise.all([
      sql<Omit<QueueSlots, 'holders'>[]>`
        select q.id, q.name, q.concurrency_limit,
               (select count(*)::int from run_claims c where c.workspace_id = q.workspace_id and c.work_queue_id = q.id) as active_slots
        from work_queues q where q.workspace_id = ${workspaceId} and q.work_pool_id = ${pool.id}
        order by q.priority, q.name limit ${limit} offset ${offset}`,
      sql<{ count: number }[]>`
        select count(*)::int as count from work_queues q where q.workspace_id = ${workspaceId} and q.work_pool_id = ${pool.id}`,
      sql<(SlotHolder & { readonly queueId: string | null; readonly place: number })[]>`
        select * from (
          select r.id, r.name, r.state_type, r.state_name, r.start_at, r.state_at, c.work_queue_id as queue_id,
                 (row_number() over (partition by c.work_queue_id order by c.claimed_at, c.run_id))::int as place
          from run_claims c join flow_runs r on r.workspace_id = c.workspace_id and r.id = c.run_id
          where c.workspace_id = ${workspaceId} and c.work_pool_id = ${pool.id}
        ) held where place <= ${holdersPerQueue} order by place`,
    ])
    return {
      activeSlots: pool.activeSlots,
      concurrencyLimit: pool.concurrencyLimit,
      queues: queues.map((queue) => ({
        ...queue,
        holders: holders.filter((holder) => holder.queueId === queue.id),
      })),
      queueCount: count?.count ?? 0,
      holders: holders.slice(0, holdersPerQueue),
    }
  })
}
