import { isLive, slotsOut } from '../../db/rows/concurrency-limit.ts'
import { readWorkspace } from '../../db/scope.ts'
import { NotFound } from '../../domain/problem.ts'
import { formatInstant } from '../../domain/time.ts'
import { type Context, requireScope } from '../context.ts'
import { isLimit, type WhichLimit } from './read-concurrency-limit.ts'

/** Slots that somebody has, since when, and until when at the latest. */
export interface HeldSlots {
  readonly leaseId: string
  readonly slots: number
  readonly holderType: 'flow_run' | 'task_run' | 'deployment' | 'operator' | 'client'
  readonly holderId: string | null
  /** null: it has none, or is gone. */
  readonly holderName: string | null
  readonly heldSince: string
  /** null: until given back. */
  readonly expiresAt: string | null
}

/** The ledger of a limit: who has its slots, the longest held first. Throws NotFound. */
export async function listSlots(
  ctx: Context,
  which: WhichLimit,
  { limit, offset }: { readonly limit: number; readonly offset: number },
): Promise<readonly HeldSlots[]> {
  requireScope(ctx, 'see_concurrency_limits')
  const now = formatInstant(ctx.nowMicros())
  return readWorkspace(ctx.db, ctx.workspaceId, async (sql) => {
    const [found] = await sql<{ id: string }[]>`
      select l.id from concurrency_limits l where l.workspace_id = ${ctx.workspaceId} and ${isLimit(sql, which)}`
    if (!found) throw new NotFound('Concurrency Limit')
    return sql<HeldSlots[]>`
      select s.id as lease_id, ${slotsOut(sql, now)} as slots, s.holder_type, s.holder_id, coalesce(f.name, t.name, d.name) as holder_name,
             s.held_since, s.expires_at
      from concurrency_limits l join slot_leases s on s.workspace_id = l.workspace_id and s.limit_id = l.id
      left join flow_runs f on s.holder_type = 'flow_run' and f.workspace_id = s.workspace_id and f.id = s.holder_id
      left join task_runs t on s.holder_type = 'task_run' and t.workspace_id = s.workspace_id and t.id = s.holder_id
      left join deployments d on s.holder_type = 'deployment' and d.workspace_id = s.workspace_id and d.id = s.holder_id
      where l.workspace_id = ${ctx.workspaceId} and l.id = ${found.id} and ${isLive(sql, now)} and ${slotsOut(sql, now)} > 0
      order by s.held_since, s.id limit ${limit} offset ${offset}`
  })
}
