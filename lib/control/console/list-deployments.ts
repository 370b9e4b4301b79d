import type { Transaction } from '../../db/clients.ts'
import type { StoredSchedule } from '../../db/rows/deployment.ts'
import { readWorkspace } from '../../db/scope.ts'
import { type Context, requireScope } from '../context.ts'
import { containing, flowRunColumns } from './columns.ts'
import type { FlowRunRow } from './rows.ts'

export const shownStatuses = ['ready', 'not-ready', 'paused', 'disabled'] as const
export type ShownStatus = (typeof shownStatuses)[number]

/** A deployment as a row of the list. */
export interface DeploymentListRow {
  readonly id: string
  readonly name: string
  readonly flowId: string
  readonly flowName: string
  readonly tags: readonly string[]
  readonly paused: boolean
  readonly disabled: boolean
  readonly status: 'READY' | 'NOT_READY'
  readonly poolName: string | null
  readonly poolPaused: boolean
  readonly queueName: string | null
  readonly lastPolledAt: string | null
  /** Those that are active. */
  readonly schedules: readonly StoredSchedule[]
  readonly scheduleCount: number
  readonly nextRunAt: string | null
  /** Its last runs, oldest first: at most 20. */
  readonly lastRuns: readonly FlowRunRow[]
}

interface ListDeployments {
  /** Part of the deployment's or the flow's name. */
  readonly name: string | null
  readonly status: ShownStatus | null
  /** All of them. */
  readonly tags: readonly string[]
  readonly poolName: string | null
  readonly pageSize: number
  readonly offset: number
}

/** Deployments by flow and name. */
export async function listDeployments(
  ctx: Context,
  input: ListDeployments,
): Promise<{ readonly rows: readonly DeploymentListRow[]; readonly count: number }> {
  requireScope(ctx, 'see_deployments')
  const { workspaceId } = ctx
  return readWorkspace(ctx.db, workspaceId, async (sql) => {
    const from = sql`
      from deployments d
      join flows f on f.workspace_id = d.workspace_id and f.id = d.flow_id
      left join work_queues q on q.workspace_id = d.workspace_id and q.id = d.work_queue_id
      left join work_pools p on p.workspace_id = q.workspace_id and p.id = q.work_pool_id
      where d.workspace_id = ${workspaceId}
        ${input.name ? sql`and (d.name ilike ${containing(input.name)} or f.name ilike ${containing(input.name)})` : sql``}
        ${input.tags.length > 0 ? sql`and d.tags @> ${[...input.tags]}::text[]` : sql``}
        ${input.poolName ? sql`and p.name = ${input.poolName}` : sql``}
        ${input.status ? sql`and ${hasStatus(sql, input.status)}` : sql``}`
    const [rows, [counted]] = await Promise.all([
      sql<Omit<DeploymentListRow, 'lastRuns'>[]>`
        select d.id, d.name, d.flow_id, f.name as flow_name, d.tags, d.paused, d.disabled, ${readiness(sql)} as status, p.name as pool_name,
          coalesce(p.is_paused or q.is_paused, false) as pool_paused, q.name as queue_name, d.last_polled_at,
          (select coalesce(jsonb_agg(s.schedule order by s.created_at, s.id), '[]') from deployment_schedules s
           where s.workspace_id = d.workspace_id and s.deployment_id = d.id and s.active) as schedules,
          (select count(*)::int from deployment_schedules s where s.workspace_id = d.workspace_id and s.deployment_id = d.id) as schedule_count,
          (select min(r.next_scheduled_start_at) from flow_runs r
           where r.workspace_id = d.workspace_id and r.deployment_id = d.id and r.next_scheduled_start_at > now()) as next_run_at
        ${from} order by f.name, d.name limit ${input.pageSize} offset ${input.offset}`,
      sql<{ count: number }[]>`select count(*)::int as count ${from}`,
    ])
    const runs = await lastRunsOfDeployments(
      sql,
      workspaceId,
      rows.map((row) => row.id),
    )
    return {
      rows: rows.map((row) => ({
        ...row,
        lastRuns: runs.filter((run) => run.deploymentId === row.id).reverse(),
      })),
      count: counted?.count ?? 0,
    }
  })
}

/** A deployment with a work pool is as ready as the pool is; one that is served, while somebody polls it. */
export const readiness = (sql: Transaction) =>
  sql`case when p.id is null then d.status when p.status = 'READY' then 'READY' else 'NOT_READY' end`

function hasStatus(sql: Transaction, status: ShownStatus) {
  switch (status) {
    case 'disabled':
      return sql`d.disabled`
    case 'paused':
      return sql`d.paused and not d.disabled`
    case 'ready':
      return sql`${readiness(sql)} = 'READY' and not d.paused and not d.disabled`
    case 'not-ready':
      return sql`${readiness(sql)} = 'NOT_READY' and not d.paused and not d.disabled`
  }
}

/** The last 20 runs of each deployment whose time has come, newest first. */
export const lastRunsOfDeployments = (sql: Transaction, workspaceId: string, ids: readonly string[]) => sql<
  FlowRunRow[]
>`
  select ${flowRunColumns(sql)}
  from deployments d
  join flows f on f.workspace_id = d.workspace_id and f.id = d.flow_id
  cross join lateral (
    select * from flow_runs l
    where l.workspace_id = d.workspace_id and l.deployment_id = d.id and l.expected_start_at <= now()
    order by l.expected_start_at desc, l.id desc limit 20
  ) r
  where d.workspace_id = ${workspaceId} and d.id = any(${[...ids]}::uuid[])
  order by r.expected_start_at desc, r.id desc`

/** Names to choose from in a filter. */
export async function listPoolNames(ctx: Context): Promise<readonly string[]> {
  requireScope(ctx, 'see_deployments')
  const rows = await readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<{ name: string }[]>`
      select p.name from work_pools p where p.workspace_id = ${ctx.workspaceId} order by p.name limit 200`,
  )
  return rows.map((row) => row.name)
}
