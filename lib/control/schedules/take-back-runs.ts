import type { Transaction } from '../../db/clients.ts'
import { formatInstant } from '../../domain/time.ts'
import { removeFlowRuns } from '../flow-runs/remove-flow-runs.ts'
import type { SchedulesOf } from './write-schedules.ts'

export interface TakingBack extends SchedulesOf {
  /** Of these schedules also runs that are overdue: they are not to run any more. Others that nobody took yet stay, late as they are. */
  readonly overdueOf: 'none' | 'all' | readonly string[]
  /** Whether anything is scheduled at all; otherwise the scheduler need not look. */
  readonly isScheduling: boolean
}

/**
 * Deletes the runs that schedules made and that never started, and lets the scheduler make them anew from now on. A schedule
 * whose overdue runs were taken back has missed them: its catch-up policy says what becomes of them when it goes on.
 * Call it while the schedules are locked. Answers the ids of the runs that are gone.
 */
export async function takeBackRuns(sql: Transaction, taking: TakingBack): Promise<readonly string[]> {
  const { workspaceId, deploymentId, nowMicros, overdueOf, isScheduling } = taking
  const now = formatInstant(nowMicros)
  const overdue =
    overdueOf === 'none'
      ? sql`false`
      : overdueOf === 'all'
        ? sql`true`
        : sql`r.created_by ->> 'id' = any(${[...overdueOf]}::text[])`
  // Locked in the order of their keys, as the engine does.
  const runs = await sql<{ id: string; scheduleId: string | null; at: string }[]>`
    select r.id, r.created_by ->> 'id' as schedule_id, r.next_scheduled_start_at as at from flow_runs r
    where r.workspace_id = ${workspaceId} and r.deployment_id = ${deploymentId} and r.next_scheduled_start_at is not null
      and r.auto_scheduled and r.state_type = 'SCHEDULED' and r.run_count = 0 and r.state_name <> 'AwaitingConcurrencySlot'
      and (r.next_scheduled_start_at > ${now} or ${overdue})
    order by r.id for update of r`
  const missed = runs.filter((run) => run.scheduleId !== null && run.at <= now)
  // They never began: they hold nothing, and nobody waits for them.
  const { ids } = await removeFlowRuns(
    sql,
    workspaceId,
    runs.map((run) => run.id),
  )
  await sql`
    update deployment_schedules s set
      scheduled_until = least(s.scheduled_until, ${now}::timestamptz, (
        select min(m.at) - interval '1 microsecond'
        from unnest(${missed.map((run) => run.scheduleId)}::text[], ${missed.map((run) => run.at)}::timestamptz[]) m (id, at)
        where m.id = s.id::text)),
      look_at = case when ${isScheduling} and s.active then ${now}::timestamptz end
    where s.workspace_id = ${workspaceId} and s.deployment_id = ${deploymentId}`
  return ids
}
