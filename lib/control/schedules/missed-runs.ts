import type { Transaction } from '../../db/clients.ts'
import { NotFound } from '../../domain/problem.ts'
import { parseInstant } from '../../domain/time.ts'
import { plainArray } from '../../engine/array-literal.ts'
import type { Engine } from '../../engine/engine.ts'
import { grouped } from '../../engine/grouped.ts'

/** A run that fell due while nobody was there to hand it out. */
export interface MissedRun {
  readonly id: string
  readonly atMicros: number
  /** Whether it is as its schedule made it; otherwise it only counts, and stays. */
  readonly isUntouched: boolean
}

interface AwaySchedule {
  readonly workspaceId: string
  readonly deploymentId: string
  readonly id: string
}

/** Runs of these schedules that fell due within their outage, by schedule, oldest first. Those that somebody has cancelled do not count. */
export async function missedRuns(
  sql: Transaction,
  schedules: readonly AwaySchedule[],
): Promise<ReadonlyMap<string, readonly MissedRun[]>> {
  if (schedules.length === 0) return new Map()
  const rows = await sql<{ scheduleId: string; id: string; at: string; isUntouched: boolean }[]>`
    select s.id as schedule_id, r.id, r.expected_start_at as at,
      -- An edit by a version that did not note it moves one of the latter two, until the next transition says when it was in both.
      (r.state_type = 'SCHEDULED' and r.edited_at is null and r.updated_at = r.state_at) as is_untouched
    from unnest(
      ${plainArray(schedules.map((row) => row.workspaceId))}::uuid[], ${plainArray(schedules.map((row) => row.deploymentId))}::uuid[],
      ${plainArray(schedules.map((row) => row.id))}::uuid[]
    ) as k (workspace_id, deployment_id, id)
    join deployment_schedules s on s.workspace_id = k.workspace_id and s.deployment_id = k.deployment_id and s.id = k.id
    join flow_runs r on r.workspace_id = s.workspace_id and r.deployment_id = s.deployment_id
      and r.expected_start_at > lower(s.away) and r.expected_start_at <= upper(s.away)
    where r.auto_scheduled and r.created_by ->> 'id' = s.id::text and r.state_type <> 'CANCELLED'
    order by r.expected_start_at`
  return grouped(
    rows,
    ({ scheduleId }) => scheduleId,
    ({ id, at, isUntouched }) => ({ id, atMicros: parseInstant(at) ?? 0, isUntouched }),
  )
}

export interface RunToDrop {
  readonly workspaceId: string
  readonly runId: string
  /** Why. */
  readonly message: string
}

/** Runs proposed at once. */
const BATCH = 500

/**
 * Runs that a catch-up policy does not want become Skipped; call it after the COMMIT. The policy judges anew under the run's lock:
 * one that was claimed, put off or cancelled meanwhile stays as it is. Answers how many were skipped.
 */
export async function dropMissedRuns(
  engine: Pick<Engine, 'setFlowRunState'>,
  runs: readonly RunToDrop[],
): Promise<number> {
  let skipped = 0
  for (let from = 0; from < runs.length; from += BATCH) {
    await Promise.all(
      runs.slice(from, from + BATCH).map(async ({ workspaceId, runId, message }) => {
        try {
          const { written } = await engine.setFlowRunState({
            workspaceId,
            runId,
            state: { type: 'CANCELLED', name: 'Skipped', message, details: {}, data: null },
            policy: 'missed',
            client: { apiVersion: null, clientVersion: null },
          })
          if (written) skipped++
        } catch (error) {
          if (!(error instanceof NotFound)) throw error
        }
      }),
    )
  }
  return skipped
}
