import type { Engine } from '../../engine/engine.ts'
import type { Context } from '../context.ts'

interface Limit {
  readonly id: string
  readonly active: boolean
  readonly slotLimit: number
  readonly activeSlots: number
}

const ALL = 2 ** 31 - 1

/** Slots that may be had of a limit; where it is switched off, or there is none: as many as anybody wants. */
const roomOf = (limit: Limit | null): number =>
  limit?.active ? Math.max(0, limit.slotLimit - limit.activeSlots) : ALL

/**
 * An operator changed a limit, or its line: whoever stands in it tries at once, on whichever replica, and so many runs of its deployments
 * are due as may have a slot.
 */
export function wakeWaiters(
  { workspaceId }: Pick<Context, 'workspaceId'>,
  engine: Engine,
  limit: Limit,
): void {
  const slots = roomOf(limit)
  // Whether there is room each finds out: the limit may have another name now, or be gone.
  engine.signals.emit([{ type: 'slots-free', workspaceId, limitId: limit.id, slots: ALL, next: null }])
  if (slots > 0)
    engine.signals.emit([{ type: 'deployment-slot-free', workspaceId, of: { limitId: limit.id }, slots }])
}

/** These deployments have another limit now, or (null) none: so many of their runs that waited are due as may have a slot. */
export function wakeDeployments(
  { workspaceId }: Pick<Context, 'workspaceId'>,
  engine: Engine,
  deploymentIds: readonly string[],
  limit: Limit | null,
): void {
  const slots = roomOf(limit)
  if (slots > 0)
    engine.signals.emit(
      deploymentIds.map((deploymentId) => ({
        type: 'deployment-slot-free',
        workspaceId,
        of: { deploymentId },
        slots,
      })),
    )
}
