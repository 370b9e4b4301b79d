import { NotFound } from '../domain/problem.ts'
import { formatInstant } from '../domain/time.ts'
import { serviceClient, serviceState } from './proposal.ts'
import type { Service } from './service.ts'

/** Runs marked in one turn. */
const BATCH = 400
/** A run is late this long after it was due. */
export const LATE_AFTER_MICROS = 15_000_000
/** How far clocks of replicas may differ, and how long a write may take to be seen. */
const OVERLAP_MICROS = 60_000_000
/** A run may also be scheduled for the past: all that is due is looked through this often. */
const SWEEP_EVERY_MICROS = 60_000_000

interface DueRow {
  readonly workspaceId: string
  readonly id: string
  readonly dueAt: string
  readonly scheduledTime: string | null
}

/**
 * Marks runs that should have started. They stay due until somebody starts them, so that a busy workspace may have a hundred thousand:
 * a turn looks only at what came due since the turn before, and once a minute at everything.
 */
export function createMarkLateRuns(): Service {
  let watermark: number | null = null
  let sweptMicros = 0
  /** Where a pass over more than one batch goes on. */
  let after: Pick<DueRow, 'dueAt' | 'id'> | null = null
  let passStart = 0

  return {
    name: 'mark-late-runs',
    everySeconds: 5,
    runOnce: async ({ db, engine, nowMicros }) => {
      const until = nowMicros() - LATE_AFTER_MICROS
      if (after === null) {
        passStart = until
        if (watermark === null || until - sweptMicros >= SWEEP_EVERY_MICROS) {
          watermark = null
          sweptMicros = until
        }
      }
      const from = watermark === null ? '-infinity' : formatInstant(watermark - OVERLAP_MICROS)
      const rows = await db.engine<DueRow[]>`
        select workspace_id, id, next_scheduled_start_at as due_at, state_details ->> 'scheduled_time' as scheduled_time
        from flow_runs
        where next_scheduled_start_at > ${from} and next_scheduled_start_at <= ${formatInstant(until)}
          and state_name = 'Scheduled'
          ${after === null ? db.engine`` : db.engine`and (next_scheduled_start_at, id) > (${after.dueAt}, ${after.id})`}
        order by next_scheduled_start_at, id limit ${BATCH}`
      let marked = 0
      let cancelled = 0
      await Promise.all(
        rows.map(async ({ workspaceId, id, dueAt, scheduledTime }) => {
          try {
            const { written, state } = await engine.setFlowRunState({
              workspaceId,
              runId: id,
              state: serviceState('SCHEDULED', '', {
                name: 'Late',
                details: { scheduled_time: scheduledTime ?? dueAt },
              }),
              policy: 'late',
              client: serviceClient,
            })
            if (written && state?.type === 'CANCELLED') cancelled++
            else if (written) marked++
          } catch (error) {
            if (!(error instanceof NotFound)) throw error
          }
        }),
      )
      const last = rows.at(-1)
      const more = last !== undefined && rows.length === BATCH
      after = more ? last : null
      if (!more) watermark = passStart
      return { counts: { marked, cancelled }, more }
    },
  }
}

export const markLateRuns = createMarkLateRuns()
