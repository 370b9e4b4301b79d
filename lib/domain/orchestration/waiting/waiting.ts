import type { Capability } from '../../work/language.ts'
import type { Facts, FlowRunView } from '../decide.ts'

/**
 * Why a run is where it is: what the rules would say to its next state (`explain`), and what the world lacks for anybody to
 * propose it: a worker, a poll, a person. Pure: everything is a fact that was read before.
 */

export type ExplainVerdict = 'running' | 'waiting' | 'ended'

/** The one thing that would help. `path` is a page of the console, below the workspace. */
export interface HelpfulAction {
  readonly label: string
  readonly command: string | null
  readonly path: string | null
}

export type LinkKind = 'flow-run' | 'work-pool' | 'work-queue' | 'worker' | 'deployment' | 'concurrency-limit'

export interface ReasonLink {
  readonly kind: LinkKind
  readonly id: string
  readonly name: string
}

export interface WaitingReason {
  /** The rule that holds the run back, or that noticed what is missing. */
  readonly rule: string
  readonly title: string
  readonly detail: string
  /** What the sentence says, as data; snake_case, as sent. */
  readonly facts: Readonly<Record<string, unknown>>
  readonly sinceMicros: number | null
  /** When it may be over, where that can be told. */
  readonly forecastMicros: number | null
  readonly action: HelpfulAction | null
  readonly links: readonly ReasonLink[]
}

/** Who holds a slot. */
export interface SlotHolder {
  readonly id: string
  readonly name: string
  readonly sinceMicros: number
  /** When the slot may come back, by its lease or by how long such runs take. */
  readonly expectedEndMicros: number | null
}

export interface PausedFact {
  readonly by: string | null
  readonly sinceMicros: number
}

export interface WorkPoolSight {
  readonly id: string
  readonly name: string
  readonly type: string
  readonly paused: PausedFact | null
  readonly onlineWorkers: number
  /** What they can run. */
  readonly theyRun: readonly Capability[]
  /** The last sign of any worker of the pool. */
  readonly lastWorker: { readonly id: string; readonly name: string; readonly seenMicros: number } | null
  readonly lastPolledMicros: number | null
  readonly holders: readonly SlotHolder[]
}

export interface WorkQueueSight {
  readonly id: string
  readonly name: string
  readonly paused: PausedFact | null
  readonly holders: readonly SlotHolder[]
  /** Due runs that are handed out before this one: in this queue, or in one that is served first. */
  readonly ahead: number
}

export interface DeploymentSight {
  readonly id: string
  readonly name: string
  readonly flowName: string
  /** `file:flow`; tells in which language the flow is. */
  readonly entrypoint: string | null
  readonly paused: boolean
  readonly lastPolledMicros: number | null
  readonly limitName: string | null
  readonly holders: readonly SlotHolder[]
}

export interface TagSight {
  readonly limitId: string
  readonly tag: string
  readonly limit: number
  readonly active: number
  readonly waitingTaskRuns: number
  readonly holders: readonly SlotHolder[]
}

/** A limit that refused slots to a run, or to task runs of it, which stand in its line. */
export interface LineSight {
  readonly limitId: string
  /** Of a limit on a tag `tag:{tag}`. */
  readonly name: string
  readonly limit: number
  readonly active: number
  /** What the first of them waits for, since when, and behind how many others. */
  readonly slots: number
  readonly sinceMicros: number
  readonly ahead: number
  /** How many of them wait. */
  readonly waiting: number
  readonly holders: readonly SlotHolder[]
}

/** The latest that somebody who sends no beats let be heard of a run. */
export interface LastHeard {
  readonly what: 'a line of its log' | 'a state of one of its tasks'
  readonly micros: number
}

/** What is known of a run and of everything that has to do with its start. */
export interface RunSight {
  readonly run: FlowRunView
  readonly facts: Facts
  /** The run's own name and what it is a run of. */
  readonly name: string
  readonly deployment: DeploymentSight | null
  /** Where it waits for a worker; null: it names no queue. */
  readonly pool: WorkPoolSight | null
  readonly queue: WorkQueueSight | null
  /** Limits on tags for which task runs of this run wait. */
  readonly tags: readonly TagSight[]
  /** Lines of limits in which it stands, or its task runs do. */
  readonly lines: readonly LineSight[]
  /** Of a running run without beats, besides its states. */
  readonly lastHeard: LastHeard | null
}

/** Notices one thing about a run. */
export type Noticing = (sight: RunSight) => readonly WaitingReason[]
