import type { Signal } from './signals.ts'
import { occupancySignals } from './slot-occupancy.ts'
import type { EndedLease } from './slot-writes.ts'

interface OfLimit {
  readonly workspaceId: string
  readonly limitId: string
}

/** The limits whose slots or lines are others than before, each once. */
export function movedSignals(...lists: readonly (readonly OfLimit[])[]): Signal[] {
  const moved = new Map<string, Signal>()
  for (const list of lists)
    for (const { workspaceId, limitId } of list)
      if (!moved.has(limitId)) moved.set(limitId, { type: 'slots-moved', workspaceId, limitId })
  return [...moved.values()]
}

/** Slots of a limit may be had, and nobody looked who is next: whoever stands in its line may look, and runs that wait are due. */
export const freeSignals = ({ workspaceId, limitId }: OfLimit, slots: number): Signal[] => [
  { type: 'slots-free', workspaceId, limitId, slots, next: null },
  { type: 'deployment-slot-free', workspaceId, of: { limitId }, slots },
]

/** What leases that are over mean to others, however they ended. */
export const endedSignals = (leases: readonly EndedLease[], nowMicros: number): Signal[] => [
  ...movedSignals(leases),
  ...occupancySignals(leases, nowMicros),
]

/** The same of leases that nobody gave back who looks who is next. */
export const freedSignals = (leases: readonly EndedLease[], nowMicros: number): Signal[] => [
  ...leases.flatMap((lease) => freeSignals(lease, lease.slots)),
  ...endedSignals(leases, nowMicros),
]
