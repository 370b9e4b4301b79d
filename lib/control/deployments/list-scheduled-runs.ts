import { type FlowRunRow, flowRunColumns } from '../../db/rows/flow-run.ts'
import { inWorkspace } from '../../db/scope.ts'
import { formatInstant } from '../../domain/time.ts'
import type { Engine } from '../../engine/engine.ts'
import { type Context, requireScope } from '../context.ts'
import { recordObjectEvent } from '../events/record-object-event.ts'
import { deploymentEvent } from './deployment-event.ts'

export interface ServedRuns {
  readonly deploymentIds: readonly string[]
  readonly beforeMicros: number
  readonly limit: number
}

/** How fresh `last_polled` is kept: polls come every ten seconds, and each write is one that others wait for. */
const MARK_SECONDS = 5

interface TurnedReady {
  readonly id: string
  readonly name: string
  readonly flowId: string
  readonly workQueueId: string | null
  readonly workPoolId: string | null
}

/** Runs of these deployments that are due by then, the soonest first, for whoever serves them; which makes the deployments ready. */
export async function listScheduledRuns(
  ctx: Context,
  engine: Engine,
  { deploymentIds, beforeMicros, limit }: ServedRuns,
): Promise<readonly FlowRunRow[]> {
  requireScope(ctx, 'run_deployments')
  if (deploymentIds.length === 0) return []
  const { workspaceId } = ctx
  const ids = [...new Set(deploymentIds)]
  const now = formatInstant(ctx.nowMicros())
  const [runs, ready] = await inWorkspace(ctx.db, workspaceId, (sql) =>
    Promise.all([
      sql<FlowRunRow[]>`
        select ${flowRunColumns(sql)} from flow_runs r
        join flows f on f.workspace_id = r.workspace_id and f.id = r.flow_id
        where r.workspace_id = ${workspaceId} and r.deployment_id = any(${ids}::uuid[])
          and r.next_scheduled_start_at is not null and r.next_scheduled_start_at <= ${formatInstant(beforeMicros)}
          and r.state_type = 'SCHEDULED' and r.empirical_policy ->> 'retry_type' is distinct from 'in_process'
        order by r.next_scheduled_start_at, r.id limit ${limit}`,
      sql<TurnedReady[]>`
        with stale as (
          select d.workspace_id, d.id, d.status from deployments d
          where d.workspace_id = ${workspaceId} and d.id = any(${ids}::uuid[])
            and (d.status <> 'READY' or d.last_polled_at is null
              or d.last_polled_at < ${now}::timestamptz - make_interval(secs => ${MARK_SECONDS}))
          for no key update of d skip locked
        ), polled as (
          update deployments d set last_polled_at = ${now}, status = 'READY' from stale
          where d.workspace_id = stale.workspace_id and d.id = stale.id
          returning d.id, d.name, d.flow_id, d.work_queue_id, stale.status as was
        )
        select polled.id, polled.name, polled.flow_id, polled.work_queue_id, q.work_pool_id from polled
        left join work_queues q on q.workspace_id = ${workspaceId} and q.id = polled.work_queue_id
        where was <> 'READY'`,
    ]),
  )
  for (const deployment of ready) await recordObjectEvent(ctx, engine, deploymentEvent('ready', deployment))
  return runs
}
