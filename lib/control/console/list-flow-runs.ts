import { readWorkspace } from '../../db/scope.ts'
import { type Context, requireScope } from '../context.ts'
import { countCap, flowRunColumns } from './columns.ts'
import type { FlowRunRow } from './rows.ts'
import { type RunFilter, whereRuns } from './run-filter.ts'

/** A row's place in the list: pages go on from it in either direction. */
export interface Place {
  readonly at: string
  readonly id: string
}

export interface ListFlowRuns {
  readonly filter: RunFilter
  /** Rows older than this place, or newer; neither: the newest. */
  readonly older?: Place
  readonly newer?: Place
  /** What is to come reads the other way round: the next one first, and `older` is further ahead. */
  readonly soonestFirst?: boolean
  readonly pageSize: number
}

export interface FlowRunPage {
  readonly rows: readonly FlowRunRow[]
  readonly hasNewer: boolean
  readonly hasOlder: boolean
  /** Capped at `countCap` + 1. */
  readonly count: number
}

/** One page of the workspace's flow runs, by their expected start. */
export async function listFlowRuns(ctx: Context, input: ListFlowRuns): Promise<FlowRunPage> {
  requireScope(ctx, 'see_flows')
  const { filter, older, newer, pageSize, soonestFirst = false } = input
  return readWorkspace(ctx.db, ctx.workspaceId, async (sql) => {
    const where = whereRuns(sql, ctx.workspaceId, filter)
    const beyond = older
      ? sql`and (r.expected_start_at, r.id) ${soonestFirst ? sql`>` : sql`<`} (${older.at}::timestamptz, ${older.id}::uuid)`
      : newer
        ? sql`and (r.expected_start_at, r.id) ${soonestFirst ? sql`<` : sql`>`} (${newer.at}::timestamptz, ${newer.id}::uuid)`
        : sql``
    const backwards = newer !== undefined && older === undefined
    const order =
      backwards !== soonestFirst ? sql`r.expected_start_at, r.id` : sql`r.expected_start_at desc, r.id desc`
    const [found, counted] = await Promise.all([
      sql<FlowRunRow[]>`
        select ${flowRunColumns(sql)}
        from flow_runs r join flows f on f.workspace_id = r.workspace_id and f.id = r.flow_id
        where ${where} ${beyond} and r.expected_start_at is not null
        order by ${order} limit ${pageSize + 1}`,
      sql<{ count: number }[]>`
        select count(*)::int as count from (select 1 from flow_runs r where ${where} limit ${countCap + 1}) counted`,
    ])
    const more = found.length > pageSize
    const rows = backwards ? [...found.slice(0, pageSize)].reverse() : found.slice(0, pageSize)
    return {
      rows,
      hasNewer: backwards ? more : older !== undefined,
      hasOlder: backwards ? true : more,
      count: counted[0]?.count ?? 0,
    }
  })
}
