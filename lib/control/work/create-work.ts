import type { Database } from '../../db/clients.ts'
import type { Change } from '../../domain/change.ts'
import { type ClaimDesk, createClaimDesk } from '../../engine/claim-desk.ts'
import { type CleanupDesk, createCleanupDesk } from '../../engine/cleanup-desk.ts'
import type { DueWork } from '../../engine/due-work.ts'
import type { Engine } from '../../engine/engine.ts'
import { createPollWork, type PollWork } from '../../engine/poll-work.ts'
import { createPresence, type Presence } from '../../engine/presence.ts'
import type { ReplicaBus } from '../../live/replica-bus.ts'
import { recordTurns } from './record-turns.ts'

/** What waits, who asks for it, and who is there to do it: the memory of one process. */
export interface Work {
  readonly due: DueWork
  readonly presence: Presence
  readonly polls: PollWork
  /** Who tears down what is left of runs that did not stop. */
  readonly cleanups: CleanupDesk
  /** Where those wait who claim runs. */
  readonly desk: ClaimDesk
  /** Writes what waits in memory. */
  close(): Promise<void>
}

export interface WorkOptions {
  readonly db: Database
  readonly engine: Engine
  readonly due: DueWork
  readonly replicas: Pick<ReplicaBus, 'onHint'>
  readonly nowMicros: () => number
  readonly onError: (error: unknown) => void
}

export function createWork({ db, engine, due, replicas, nowMicros, onError }: WorkOptions): Work {
  const presence = createPresence({
    sql: db.engine,
    nowMicros,
    onTurned: (turns) => recordTurns({ engine, nowMicros }, turns),
    onError,
  })
  const polls = createPollWork({ sql: db.engine, dueWork: due, presence })
  const desk = createClaimDesk({ sql: db.engine, engine, polls, dueWork: due, presence, nowMicros })
  const cleanups = createCleanupDesk(db.engine, nowMicros, onError)
  const stops = [
    engine.signals.on('due', (signal) => due.heard(signal)),
    engine.signals.on('work-slot-free', (signal) => due.heard(signal)),
    replicas.onHint({
      onHint: ({ workspaceId, kinds, freed }) => {
        if (kinds.has('work')) due.forget(workspaceId)
        // Slots that went from hand to hand are of no pool or queue: what is known of those stays true.
        else if (kinds.has('runs') || (kinds.has('limits') && freed === null)) due.forgetLimited(workspaceId)
        desk.stir(workspaceId)
      },
      onReset: () => due.forget(null),
    }),
  ]
  return {
    due,
    presence,
    polls,
    cleanups,
    desk,
    close: async () => {
      for (const stop of stops) stop()
      desk.close()
      cleanups.close()
      await presence.close()
    },
  }
}

/** What changes of objects mean for what is remembered of the work that waits: called with what was committed in this process. */
export function forgetChanged(due: DueWork, workspaceId: string, changes: readonly Change[]): void {
  for (const change of changes) {
    if (change.kind === 'object' && (change.noun === 'work-pool' || change.noun === 'work-queue')) {
      due.forget(workspaceId)
      return
    }
    // Its slot went with it.
    if (change.kind === 'deleted') due.forgetLimited(workspaceId)
  }
}
