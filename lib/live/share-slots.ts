import type { Engine } from '../engine/engine.ts'
import type { ReplicaBus } from './replica-bus.ts'

/** Tells those who wait for slots of limits on other replicas what comes free here, and those who wait here what does there. */
export function shareSlots(
  { signals, slots }: Pick<Engine, 'signals' | 'slots'>,
  replicas: Pick<ReplicaBus, 'tellFreed' | 'onHint'>,
): void {
  signals.on('slots-free', (freed) => replicas.tellFreed(freed.workspaceId, freed.limitId, freed.slots))
  replicas.onHint({
    onHint: ({ workspaceId, kinds, freedSlots }) => {
      if (kinds.has('limits')) slots.wake(workspaceId, freedSlots)
    },
    onReset: () => slots.wake(null),
  })
}
