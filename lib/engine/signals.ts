import type { Language } from '../domain/work/language.ts'

/** Slots of a limit were given back, or are kept for somebody no longer. */
export interface SlotsFree {
  readonly type: 'slots-free'
  readonly workspaceId: string
  readonly limitId: string
  readonly slots: number
  /** Who of those that stand in its line, on whichever replica, may have them now; null: who gave them back did not look. */
  readonly next: readonly string[] | null
}

/** Slots of deployments may be free: runs may wait for them, which have to be made due. */
export interface DeploymentSlotFree {
  readonly type: 'deployment-slot-free'
  readonly workspaceId: string
  /** Of all deployments with this limit, or of this one, whose limit is another now. */
  readonly of: { readonly limitId: string } | { readonly deploymentId: string }
  readonly slots: number
}

/** What a commit of this process may mean to somebody who waits here: long polls, caches of due work. Hints, sent after the COMMIT. */
export type Signal =
  /** A run waits for a worker, or for whoever serves its deployment, from this instant on. */
  | {
      readonly type: 'due'
      readonly workspaceId: string
      readonly workPoolId: string | null
      readonly workQueueId: string | null
      readonly deploymentId: string | null
      /** What it is written in, where that can be told. */
      readonly language: Language | null
      readonly dueMicros: number
    }
  /** A run left its place in a pool. */
  | { readonly type: 'work-slot-free'; readonly workspaceId: string; readonly workPoolId: string }
  /** A run was asked to stop: whoever executes it should be told. */
  | {
      readonly type: 'stop-asked'
      readonly workspaceId: string
      readonly workPoolId: string | null
      readonly runId: string
    }
  | SlotsFree
  /** Slots of a limit were taken, given back or ran out, or its line moved: whoever looks at it sees something old. */
  | { readonly type: 'slots-moved'; readonly workspaceId: string; readonly limitId: string }
  /** How long slots of a limit were held that came back in a transition, or when their leases ran out. */
  | {
      readonly type: 'slots-held'
      readonly workspaceId: string
      readonly limitId: string
      readonly heldSeconds: readonly number[]
    }
  | DeploymentSlotFree
  /** A background task waits for a task worker from this instant on. */
  | {
      readonly type: 'task-enqueued'
      readonly workspaceId: string
      readonly taskKey: string
      readonly availableMicros: number
    }

export interface Signals {
  /** Answers a function that stops listening. */
  on<Type extends Signal['type']>(
    type: Type,
    listener: (signal: Extract<Signal, { readonly type: Type }>) => void,
  ): () => void
  emit(signals: readonly Signal[]): void
}

export function createSignals(): Signals {
  const listeners = new Map<string, Set<(signal: never) => void>>()
  return {
    on(type, listener) {
      const set = listeners.get(type) ?? new Set()
      listeners.set(type, set)
      set.add(listener)
      return () => set.delete(listener)
    },
    emit(signals) {
      for (const signal of signals) {
        // Safe: a listener is kept under the type that it takes.
        for (const listener of listeners.get(signal.type) ?? []) listener(signal as never)
      }
    },
  }
}
