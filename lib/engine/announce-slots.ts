import type { ObjectChange } from '../domain/change.ts'
import { paced } from '../live/paced.ts'
import type { Signals } from './signals.ts'

/** A limit whose slots go from hand to hand is read anew this often at most by the pages that show it. */
const ANNOUNCE_EVERY_MS = 500

export interface AnnounceSlotsOptions {
  readonly announce: (workspaceId: string, change: ObjectChange) => void
  /** Whether anybody may be looking. */
  readonly watches: (workspaceId: string) => boolean
}

/**
 * Tells pages who holds slots of a limit, or waits for them, whenever that changes: at once, then, while it goes on changing, every half
 * second, so that what they show is right when it stops. Answers a function that stops.
 */
export function announceSlots(
  signals: Pick<Signals, 'on'>,
  { announce, watches }: AnnounceSlotsOptions,
): () => void {
  const limits = paced<string>(
    ANNOUNCE_EVERY_MS,
    (id, workspaceId) =>
      announce(workspaceId, { kind: 'object', noun: 'concurrency-limit', id, happened: 'updated' }),
    (workspaceId) => workspaceId,
  )
  const leave = signals.on('slots-moved', ({ workspaceId, limitId }) => {
    if (watches(workspaceId)) limits.add(limitId, workspaceId)
  })
  return () => {
    leave()
    limits.stop()
  }
}
