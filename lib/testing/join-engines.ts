import type { Engine } from '../engine/engine.ts'
import { shareSlots } from '../engine/share-slots.ts'
import { formatHints, GatheredHint, parseWord } from '../live/hint.ts'

/** Two engines on one database, as replicas that tell each other of slots that came free: over the wire, while `areConnected`. */
export function joinEngines(one: Engine, other: Engine): { areConnected: boolean } {
  const wire = { areConnected: true }
  const tell = (from: Engine, to: Engine): void =>
    shareSlots(
      { signals: from.signals, slots: to.slots },
      {
        tellFreed: (workspaceId, limitId, freed) => {
          const hint = new GatheredHint()
          hint.addFreed(limitId, freed)
          for (const text of formatHints('test', new Map([[workspaceId, hint]])))
            for (const each of parseWord(text)?.hints ?? [])
              if (wire.areConnected) to.slots.wake(each.workspaceId, each.freed)
        },
        onHint: () => () => {},
      },
    )
  tell(one, other)
  tell(other, one)
  return wire
}
