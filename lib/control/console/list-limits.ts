import { isLive, slotsOut } from '../../db/rows/concurrency-limit.ts'
import { readWorkspace } from '../../db/scope.ts'
import { formatInstant } from '../../domain/time.ts'
import { type Context, requireScope } from '../context.ts'
import { containing } from './columns.ts'

export const limitKinds = ['tag', 'deployment', 'rate', 'global'] as const
export type LimitKind = (typeof limitKinds)[number]

/** A limit as pages show it. */
export interface LimitListRow {
  readonly id: string
  readonly name: string
  /** What it limits: the tag, the deployment's name, or its own. */
  readonly label: string
  readonly kind: LimitKind
  readonly deploymentId: string | null
  readonly slotLimit: number
  readonly activeSlots: number
  readonly active: boolean
  readonly slotDecayPerSecond: number
  readonly holders: number
}

interface ListLimits {
  readonly name: string | null
  readonly pageSize: number
  readonly offset: number
  readonly id?: string
}

/** Limits by what they limit. */
export async function listLimits(
  ctx: Context,
  input: ListLimits,
): Promise<{ readonly rows: readonly LimitListRow[]; readonly count: number }> {
  requireScope(ctx, 'see_concurrency_limits')
  const now = formatInstant(ctx.nowMicros())
  return readWorkspace(ctx.db, ctx.workspaceId, async (sql) => {
    const from = sql`
      from concurrency_limits l
      left join deployments d on l.name = 'deployment:' || d.id and d.workspace_id = l.workspace_id
      left join flows f on f.workspace_id = d.workspace_id and f.id = d.flow_id
      where l.workspace_id = ${ctx.workspaceId}
        ${input.id ? sql`and l.id = ${input.id}` : sql``}
        ${input.name ? sql`and (l.name ilike ${containing(input.name)} or d.name ilike ${containing(input.name)})` : sql``}`
    const [rows, [counted]] = await Promise.all([
      sql<LimitListRow[]>`
        select l.id, l.name,
          case when l.name like 'tag:%' then substr(l.name, 5) when d.id is not null then f.name || ' / ' || d.name else l.name end as label,
          case when l.name like 'tag:%' then 'tag' when l.name like 'deployment:%' then 'deployment'
               when l.slot_decay_per_second > 0 then 'rate' else 'global' end as kind,
          d.id as deployment_id, l.slot_limit, l.active, l.slot_decay_per_second,
          (select coalesce(sum(${slotsOut(sql, now)}), 0)::int from slot_leases s
           where s.workspace_id = l.workspace_id and s.limit_id = l.id and ${isLive(sql, now)}) as active_slots,
          (select count(*)::int from slot_leases s
           where s.workspace_id = l.workspace_id and s.limit_id = l.id and ${isLive(sql, now)} and ${slotsOut(sql, now)} > 0) as holders
        ${from} order by kind, label limit ${input.pageSize} offset ${input.offset}`,
      sql<{ count: number }[]>`select count(*)::int as count ${from}`,
    ])
    return { rows, count: counted?.count ?? 0 }
  })
}
