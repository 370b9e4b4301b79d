import type { Batcher } from './batcher.ts'
import type { TaskStateProposal, TransitionResult } from './engine.ts'
import type { SlotAnswer, SlotOrder } from './slot-orders.ts'
import type { Attempt } from './slot-queue.ts'

export interface StartDesks {
  readonly transitions: Pick<Batcher<TaskStateProposal, TransitionResult>, 'add'>
  readonly orders: Pick<Batcher<SlotOrder, SlotAnswer>, 'add'>
}

/**
 * A task run that was told to wait for slots of its tags, and is tried again in its place in their lines. For whoever is gone nothing
 * begins: nobody would execute it, nor give its slots back.
 */
export const startInLine = (
  proposal: TaskStateProposal,
  refused: TransitionResult,
  signal: AbortSignal | undefined,
  { transitions, orders }: StartDesks,
): Attempt<TransitionResult> => ({
  workspaceId: proposal.workspaceId,
  signal,
  order: null,
  standingOf: ({ tagWait }) => tagWait?.standing ?? null,
  ask: async ({ wait }) => {
    if (!signal?.aborted) return await transitions.add({ ...proposal, wait })
    await orders.add({
      type: 'take',
      workspaceId: proposal.workspaceId,
      names: refused.tagWait?.names ?? [],
      slots: 1,
      mode: 'concurrency',
      leaseSeconds: null,
      holder: { type: 'task_run', id: proposal.runId },
      wait,
      signal,
    })
    const { verdict, reason, delaySeconds, state } = refused
    return { verdict, reason, delaySeconds, state, written: false }
  },
})
