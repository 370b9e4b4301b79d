import type { FollowUpKind } from '../domain/orchestration/decide.ts'
import { NotFound, Unavailable } from '../domain/problem.ts'
import { formatInstant } from '../domain/time.ts'
import type { ServiceScope } from './service.ts'

/** Runs looked at in one turn: few enough that a turn is short, many enough that the engine writes them in one batch. */
const BATCH = 200
/** A replica that dies with runs in hand gives them back after this. */
const LEASE_SECONDS = 60

export interface DueRun {
  readonly workspaceId: string
  readonly runId: string
}

interface TakenRun extends DueRun {
  /** Until when this replica has it; also tells whether somebody wrote a new follow-up meanwhile. */
  readonly dueAt: string
}

/**
 * Looks at the runs whose follow-up of a kind is due, each by one replica. No row is locked while a run is looked at: the engine
 * writes follow-ups itself, and would wait for us while we wait for it. Instead a taken row comes due again a little later.
 *
 * `look` answers whether it changed anything, or when to come back (in microseconds since 1970). What it throws is tried again.
 */
export async function workOffFollowUps(
  { db, nowMicros }: ServiceScope,
  kind: FollowUpKind,
  look: (run: DueRun) => Promise<boolean | { readonly againMicros: number; readonly changed: boolean }>,
): Promise<{ readonly due: number; readonly changed: number; readonly more: boolean }> {
  const now = nowMicros()
  const leasedUntil = formatInstant(now + LEASE_SECONDS * 1_000_000)
  const taken = await db.engine<TakenRun[]>`
    with due as (
      select workspace_id, run_id, kind from run_follow_ups
      where kind = ${kind} and due_at <= ${formatInstant(now)}
      order by due_at limit ${BATCH}
      for update skip locked
    )
    update run_follow_ups f set due_at = ${leasedUntil}
    from due d where f.workspace_id = d.workspace_id and f.run_id = d.run_id and f.kind = d.kind
    returning f.workspace_id, f.run_id, f.due_at`
  if (taken.length === 0) return { due: 0, changed: 0, more: false }

  const done: TakenRun[] = []
  const again: (TakenRun & { readonly againMicros: number })[] = []
  let changed = 0
  await Promise.all(
    taken.map(async (run) => {
      try {
        const answer = await look(run)
        if (typeof answer === 'boolean') {
          if (answer) changed++
          done.push(run)
          return
        }
        if (answer.changed) changed++
        again.push({ ...run, againMicros: answer.againMicros })
      } catch (error) {
        // A run that was deleted needs no looking after. The database's troubles pass; the row comes due again.
        if (error instanceof NotFound) done.push(run)
        else if (!(error instanceof Unavailable)) throw error
      }
    }),
  )
  // Only rows that nobody wrote anew meanwhile: a run may have been paused, or cancelled, once more.
  if (done.length > 0) {
    await db.engine`
      delete from run_follow_ups f
      using unnest(${done.map((run) => run.workspaceId)}::uuid[], ${done.map((run) => run.runId)}::uuid[]) d (workspace_id, run_id)
      where f.workspace_id = d.workspace_id and f.run_id = d.run_id and f.kind = ${kind} and f.due_at = ${leasedUntil}`
  }
  if (again.length > 0) {
    await db.engine`
      update run_follow_ups f set due_at = a.due_at
      from unnest(${again.map((run) => run.workspaceId)}::uuid[], ${again.map((run) => run.runId)}::uuid[],
                  ${again.map((run) => formatInstant(run.againMicros))}::timestamptz[]) a (workspace_id, run_id, due_at)
      where f.workspace_id = a.workspace_id and f.run_id = a.run_id and f.kind = ${kind} and f.due_at = ${leasedUntil}`
  }
  return { due: taken.length, changed, more: taken.length === BATCH }
}
