import { formatInstant } from '../domain/time.ts'
import { LATE_AFTER_MICROS } from './mark-late-runs.ts'
import type { ServiceScope } from './service.ts'
import { takeTurn } from './take-turn.ts'

/**
 * When no replica had a turn of `service` for as long as it takes a run to be late, nobody was there to hand out what fell due: the
 * schedules whose policy has a say in that are told of the outage, and are due. A shorter gap is a slow turn or a restart, whose runs
 * are still on time. Answers how many schedules.
 */
export async function noticeOutage({ db, nowMicros }: ServiceScope, service: string): Promise<number> {
  const sql = db.engine
  const now = formatInstant(nowMicros())
  const away = formatInstant(nowMicros() - LATE_AFTER_MICROS)
  const [row] = await sql<{ told: number }[]>`
    with ${takeTurn(sql, service, now)}, outage as (
      select tstzrange(at, ${now}, '(]') as span from last where at < ${away}
    ), missed as (
      select distinct r.workspace_id, r.deployment_id, r.created_by ->> 'id' as schedule_id
      from outage o
      join flow_runs r on r.next_scheduled_start_at > lower(o.span) and r.next_scheduled_start_at <= upper(o.span)
      where r.auto_scheduled and r.state_type = 'SCHEDULED' and r.state_name in ('Scheduled', 'Late') and r.run_count = 0
    ), told as (
      -- Locked in the order in which an edit locks them.
      select s.workspace_id, s.deployment_id, s.id from deployment_schedules s
      join missed m on m.workspace_id = s.workspace_id and m.deployment_id = s.deployment_id and m.schedule_id = s.id::text
      join deployments d on d.workspace_id = s.workspace_id and d.id = s.deployment_id
      where s.active and not d.paused and not d.disabled and s.catch_up ->> 'kind' <> 'late'
      order by s.workspace_id, s.deployment_id, s.created_at, s.id for update of s
    ), noted as (
      update deployment_schedules s set look_at = ${now}, away = coalesce(range_merge(s.away, o.span), o.span)
      from told t, outage o
      where s.workspace_id = t.workspace_id and s.deployment_id = t.deployment_id and s.id = t.id
      returning 1
    )
    select count(*)::int as told from noted`
  return row?.told ?? 0
}

/** A turn that takes long is no outage. */
export async function stillHere({ db, nowMicros }: ServiceScope, service: string): Promise<void> {
  const sql = db.engine
  await sql`with ${takeTurn(sql, service, formatInstant(nowMicros()))} select 1`
}
