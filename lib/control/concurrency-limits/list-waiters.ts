import { readWorkspace } from '../../db/scope.ts'
import { NotFound } from '../../domain/problem.ts'
import { formatInstant } from '../../domain/time.ts'
import { isRunInLine } from '../../engine/slot-writes.ts'
import { type Context, requireScope } from '../context.ts'
import { isLimit, type WhichLimit } from './read-concurrency-limit.ts'

/** Somebody who waits for slots of a limit. */
export interface SlotWaiter {
  readonly id: string
  readonly slots: number
  readonly holderType: 'flow_run' | 'task_run' | 'deployment' | 'client'
  readonly holderId: string | null
  /** null: it has none, or is gone. */
  readonly holderName: string | null
  /** Of a flow run. */
  readonly flowName: string | null
  /** When it was first refused, or told to wait. */
  readonly since: string
  /** When it asks again at the latest; null: its request is open, and it gets slots as soon as they are there. */
  readonly asksAgainAt: string | null
}

/**
 * The line of a limit, on all replicas, the longest waiting first: whoever asks for slots by the limit's name or by a tag, and runs
 * that wait for a slot of their deployment. Throws NotFound.
 */
export async function listWaiters(
  ctx: Context,
  which: WhichLimit,
  { limit, offset }: { readonly limit: number; readonly offset: number },
): Promise<readonly SlotWaiter[]> {
  requireScope(ctx, 'see_concurrency_limits')
  const { workspaceId } = ctx
  const now = formatInstant(ctx.nowMicros())
  return readWorkspace(ctx.db, workspaceId, async (sql) => {
    const [found] = await sql<{ id: string }[]>`
      select l.id from concurrency_limits l where l.workspace_id = ${workspaceId} and ${isLimit(sql, which)}`
    if (!found) throw new NotFound('Concurrency Limit')
    // A run that has ended asks no more, whatever it said before. Runs that wait for their deployment are listed by their states.
    return sql<SlotWaiter[]>`
      select w.id, w.slots, w.holder_type, w.holder_id, coalesce(r.name, t.name, d.name) as holder_name, f.name as flow_name,
             w.since, w.asks_again_at
      from slot_waiters w
      left join flow_runs r on w.holder_type = 'flow_run' and r.workspace_id = w.workspace_id and r.id = w.holder_id
      left join flows f on f.workspace_id = r.workspace_id and f.id = r.flow_id
      left join task_runs t on w.holder_type = 'task_run' and t.workspace_id = w.workspace_id and t.id = w.holder_id
      left join deployments d on w.holder_type = 'deployment' and d.workspace_id = w.workspace_id and d.id = w.holder_id
      where w.workspace_id = ${workspaceId} and w.limit_id = ${found.id} and w.lapses_at > ${now}
        and not ${isRunInLine(sql)}
        and coalesce(r.state_type, t.state_type, 'SCHEDULED') not in ('COMPLETED', 'FAILED', 'CRASHED', 'CANCELLED')
      union all
      select r.id, 1, 'flow_run', r.id, r.name, f.name,
        coalesce((
          select min(s.at) from flow_run_states s
          where s.workspace_id = r.workspace_id and s.run_id = r.id and s.name = 'AwaitingConcurrencySlot'
        ), r.state_at), r.next_scheduled_start_at
      from deployments d
      join flow_runs r on r.workspace_id = d.workspace_id and r.deployment_id = d.id
      join flows f on f.workspace_id = r.workspace_id and f.id = r.flow_id
      where d.workspace_id = ${workspaceId} and d.concurrency_limit_id = ${found.id}
        and r.next_scheduled_start_at is not null and r.state_name = 'AwaitingConcurrencySlot'
      order by since, id limit ${limit} offset ${offset}`
  })
}
