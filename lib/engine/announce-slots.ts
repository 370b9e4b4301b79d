import type { ObjectChange } from '../domain/change.ts'
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
  /** By limit; `moved` since it was told of. */
  const told = new Map<string, { moved: boolean; readonly timer: NodeJS.Timeout }>()

  const tell = (workspaceId: string, limitId: string): void => {
    announce(workspaceId, { kind: 'object', noun: 'concurrency-limit', id: limitId, happened: 'updated' })
    const timer = setTimeout(() => {
      const again = told.get(limitId)?.moved
      told.delete(limitId)
      if (again) tell(workspaceId, limitId)
    }, ANNOUNCE_EVERY_MS).unref()
    told.set(limitId, { moved: false, timer })
  }

  const leave = signals.on('slots-moved', ({ workspaceId, limitId }) => {
    const last = told.get(limitId)
    if (last) last.moved = true
    else if (watches(workspaceId)) tell(workspaceId, limitId)
  })
  return () => {
    leave()
    for (const { timer } of told.values()) clearTimeout(timer)
    told.clear()
  }
}
