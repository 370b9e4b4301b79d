import type { ReplicaBus } from '../live/replica-bus.ts'
import type { Engine } from './engine.ts'

/** Tells those who wait for slots of limits on other replicas what comes free here, and those who wait here what does there. */
export function shareSlots(
  { signals, slots }: Pick<Engine, 'signals' | 'slots'>,
  replicas: Pick<ReplicaBus, 'tellFreed' | 'onHint'>,
): void {
  signals.on('slots-free', ({ workspaceId, limitId, slots, next }) => {
    // Where nobody stands in line nobody need be told.
    if (next === null || next.length > 0) replicas.tellFreed(workspaceId, limitId, next ?? slots)
  })
  replicas.onHint({
    onHint: ({ workspaceId, kinds, freed }) => {
      if (kinds.has('limits')) slots.wake(workspaceId, freed)
    },
    onReset: () => slots.wake(null),
  })
}
