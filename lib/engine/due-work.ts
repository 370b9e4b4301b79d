import { type Capability, canRun } from '../domain/work/language.ts'
import type { Signal } from './signals.ts'

/** What commits of this process say about the work that waits. */
export type WorkSignal = Extract<Signal, { readonly type: 'due' | 'work-slot-free' }>

/** What a look at the database found: nothing is due of these queues or deployments before an instant. */
export interface Quiet {
  readonly poolId: string | null
  /** Ids of the queues, or of the deployments, that were looked at. */
  readonly sources: readonly string[]
  /** What else is due there is not looked for. */
  readonly runs: Capability
  /** Microseconds since 1970; infinity: nothing waits. */
  readonly untilMicros: number
  /** More waits, but a limit holds it back: it is due when a slot comes free. */
  readonly isLimited: boolean
}

/** A look at the database that is under way. What commits meanwhile is noted, since the look may have missed it. */
export interface Look {
  /** Keeps what was found for the polls that come. */
  found(quiet: Quiet): void
  /** It found work, or failed. */
  end(): void
}

interface Entry {
  readonly quiet: Quiet
  readonly sources: ReadonlySet<string>
  readonly readAtMs: number
}

interface Workspace {
  readonly entries: Map<string, Entry>
  readonly looks: Set<{ signals: WorkSignal[] | null }>
}

/** How long to believe what was read while no other replica can be heard of. */
const BELIEVE_MS = 5_000
/** However well others are heard: a hint that was never sent does no harm for longer. */
const OLDEST_MS = 30_000
/** Beyond, everything is forgotten and read again. */
const MAX_ENTRIES = 50_000
const MAX_NOTED = 1_000

/**
 * Remembers when there is nothing to do, so that polls cost no SQL: a poll before the instant until which its queues are quiet
 * is answered at once. Commits of this process bring the instant forward, those of others make it forget.
 */
export class DueWork {
  readonly #workspaces = new Map<string, Workspace>()
  readonly #forgetting = new Set<(workspaceId: string | null) => void>()
  readonly #hearing = new Set<(signal: WorkSignal) => void>()
  readonly #provenAt: (now: number) => number
  #size = 0

  /** `provenAt`: performance.now() up to which all that other replicas did is known; minus infinity when nobody is heard of. */
  constructor(provenAt: (now: number) => number) {
    this.#provenAt = provenAt
  }

  /** What is known to be quiet; undefined: look. */
  quiet(workspaceId: string, key: string): Quiet | undefined {
    const entry = this.#workspaces.get(workspaceId)?.entries.get(key)
    if (!entry) return undefined
    const now = performance.now()
    const isFresh =
      now - entry.readAtMs <= OLDEST_MS && now - Math.max(entry.readAtMs, this.#provenAt(now)) <= BELIEVE_MS
    return isFresh ? entry.quiet : undefined
  }

  /** Begins a look at the database for what is asked, whose answer is remembered under `key`. */
  look(workspaceId: string, key: string): Look {
    const workspace = this.#workspace(workspaceId)
    const look: { signals: WorkSignal[] | null } = { signals: [] }
    const readAtMs = performance.now()
    workspace.looks.add(look)
    return {
      end: () => workspace.looks.delete(look),
      found: (quiet) => {
        workspace.looks.delete(look)
        if (look.signals === null || this.#workspaces.get(workspaceId) !== workspace) return
        const sources = new Set(quiet.sources)
        const after = look.signals.reduce<Quiet | null>(
          (now, signal) => now && quietAfter(now, sources, signal),
          quiet,
        )
        if (!after) return
        if (this.#size >= MAX_ENTRIES) {
          this.forget(null)
          return
        }
        if (!workspace.entries.has(key)) this.#size++
        workspace.entries.set(key, { quiet: after, sources, readAtMs })
      },
    }
  }

  /** After COMMIT. */
  heard(signal: WorkSignal): void {
    this.#remember(signal)
    for (const listener of this.#hearing) listener(signal)
  }

  #remember(signal: WorkSignal): void {
    const workspace = this.#workspaces.get(signal.workspaceId)
    if (!workspace) return
    for (const look of workspace.looks) {
      if (look.signals === null) continue
      look.signals.push(signal)
      if (look.signals.length > MAX_NOTED) look.signals = null
    }
    for (const [key, entry] of workspace.entries) {
      const quiet = quietAfter(entry.quiet, entry.sources, signal)
      if (quiet === entry.quiet) continue
      if (quiet) workspace.entries.set(key, { ...entry, quiet })
      else if (workspace.entries.delete(key)) this.#size--
    }
  }

  /** Pools or queues changed, or another replica wrote: whatever is remembered of the workspace (null: of all) may be old. */
  forget(workspaceId: string | null): void {
    for (const [id, workspace] of this.#workspaces) {
      if (workspaceId !== null && id !== workspaceId) continue
      this.#size -= workspace.entries.size
      workspace.entries.clear()
      for (const look of workspace.looks) look.signals = null
      if (workspace.looks.size === 0) this.#workspaces.delete(id)
    }
    for (const listener of this.#forgetting) listener(workspaceId)
  }

  /** Slots came free somewhere: what a limit held back may be due now. */
  forgetLimited(workspaceId: string): void {
    const workspace = this.#workspaces.get(workspaceId)
    if (!workspace) return
    for (const look of workspace.looks) look.signals = null
    for (const [key, { quiet }] of workspace.entries) {
      if (quiet.isLimited && workspace.entries.delete(key)) this.#size--
    }
    for (const listener of this.#forgetting) listener(workspaceId)
  }

  /** Calls back when something is forgotten of a workspace (null: of all): whoever waits should look again. */
  onForgotten(listener: (workspaceId: string | null) => void): () => void {
    this.#forgetting.add(listener)
    return () => this.#forgetting.delete(listener)
  }

  /** Calls back with each signal when what is remembered takes it into account: whoever heard of it sooner might ask too soon. */
  onHeard(listener: (signal: WorkSignal) => void): () => void {
    this.#hearing.add(listener)
    return () => this.#hearing.delete(listener)
  }

  #workspace(id: string): Workspace {
    let workspace = this.#workspaces.get(id)
    if (!workspace) {
      workspace = { entries: new Map(), looks: new Set() }
      this.#workspaces.set(id, workspace)
    }
    return workspace
  }
}

/** What is still quiet after a signal; null: look again. The same object when the signal is none of its business. */
function quietAfter(quiet: Quiet, sources: ReadonlySet<string>, signal: WorkSignal): Quiet | null {
  if (signal.type === 'work-slot-free')
    return quiet.isLimited && quiet.poolId === signal.workPoolId ? null : quiet
  const { workQueueId, deploymentId, language, dueMicros } = signal
  const concerns =
    canRun(quiet.runs, language) &&
    ((workQueueId !== null && sources.has(workQueueId)) ||
      (deploymentId !== null && sources.has(deploymentId)))
  return concerns && dueMicros < quiet.untilMicros ? { ...quiet, untilMicros: dueMicros } : quiet
}
