import type { Reporter } from '../connection/reporter.js'
import type { AgentRecord, Json, ReportedState } from '../protocol/frames.js'
import { presentInstant } from '../record/instant.js'
import { cleanText, MAX_LOG_CHARS } from '../record/text.js'
import { uuid7 } from '../record/uuid.js'
import { LEVELS, printLog } from './print-log.js'
import { newRunName } from './run-names.js'
import { type NewState, reportedState, type TaskRun } from './task-run.js'

export interface FlowRunFacts {
  readonly flowName: string
  readonly parameters: { readonly [key: string]: Json }
  readonly tags: readonly string[]
  readonly version: string | undefined
  readonly retries: number
  /** The task run that stands for this run in its parent; null for a run of its own. */
  readonly standIn: TaskRun | null
  /** null for a run that begins here. */
  readonly claim: ClaimedRun | null
}

/** A run that the control plane made and handed to the process above this one. */
export interface ClaimedRun {
  readonly id: string
  readonly name: string
  /** null when the control plane gives none. */
  readonly token: string | null
  /** How the run is said to have been stopped: by the process above, once this one is gone (null), or from here, when that is gone. */
  readonly lastWord: () => NewState | null
  /** How long the control plane has to confirm that the run begins: until then it may be given to somebody else. */
  readonly confirmMs: number
  /** Called when it has not, and the run stops before it begins. */
  readonly onUnconfirmed: () => void
}

/** SCHEDULED would give the claim back, and another worker would take the run; this process waits with it. */
const underClaim = (next: NewState): NewState =>
  next.type === 'SCHEDULED' ? { ...next, type: 'PENDING' } : next

/** One run of a flow: turns its states and log lines into records. */
export class FlowRun {
  readonly id: string
  readonly name: string
  /** Task runs that have begun and not ended. */
  readonly liveTaskRuns = new Set<TaskRun>()
  /** Settle when the tasks that were started here have ended, awaited by the user or not. */
  readonly pending = new Set<Promise<unknown>>()
  private ended = false
  private pauses = 0

  constructor(
    private readonly reporter: Reporter,
    readonly facts: FlowRunFacts,
  ) {
    const { claim } = facts
    this.id = claim?.id ?? uuid7()
    this.name = claim?.name ?? newRunName()
    if (claim) return
    const state = reportedState({ type: 'PENDING', name: 'Pending' })
    this.record({
      kind: 'flow-run',
      id: this.id,
      flowName: facts.flowName,
      name: this.name,
      parameters: facts.parameters,
      tags: facts.tags,
      ...(facts.version !== undefined && { flowVersion: facts.version }),
      retries: facts.retries,
      ...(facts.standIn && { parentTaskRunId: facts.standIn.id }),
      state,
    })
  }

  /** Which pause of the run this is: 1, 2, 3 … */
  nextPause(): number {
    return ++this.pauses
  }

  /** Waits until the control plane knows what was recorded so far; answers whether it does. */
  acknowledged(deadlineMs: number): Promise<boolean> {
    return this.reporter.acknowledged(deadlineMs)
  }

  record(record: AgentRecord): void {
    this.reporter.record(record)
  }

  /** Records the state. Nothing follows a final one. */
  enter(given: NewState): ReportedState {
    const { claim } = this.facts
    const isStopped = given.type === 'CANCELLED' || given.type === 'CRASHED'
    const lastWord = claim && isStopped ? claim.lastWord() : null
    const next = lastWord ?? (claim ? underClaim(given) : given)
    const state: ReportedState = { ...reportedState(next), ...(claim?.token && { claimToken: claim.token }) }
    if (this.ended) return state
    this.ended = next.type !== 'RUNNING' && next.type !== 'PENDING' && next.type !== 'SCHEDULED'
    const isLeftToHost = claim !== null && isStopped && !lastWord
    if (!isLeftToHost) this.record({ kind: 'flow-run-state', flowRunId: this.id, state })
    return state
  }

  /** The process is about to end: says so of the run and of everything that runs in it. */
  endAbruptly(next: NewState, story: string): void {
    for (const taskRun of [...this.liveTaskRuns]) taskRun.enter(next)
    this.tellEnd(next, story)
    this.enter(next)
  }

  /** The last line of the log. Of a run that has ended already it was told. */
  tellEnd(next: NewState, story: string): void {
    if (this.ended) return
    const { flowName } = this.facts
    const isGood = next.type === 'COMPLETED'
    const level = isGood || next.type === 'CANCELLED' ? LEVELS.info : LEVELS.error
    this.log(
      level,
      isGood ? `Flow ${flowName} completed` : `Flow ${flowName} ended ${next.name}. ${story}`.trim(),
    )
  }

  log(level: number, message: string, taskRun: TaskRun | null = null): void {
    printLog(level, taskRun ? taskRun.name : this.name, message)
    this.recordPrint(level, message, taskRun)
  }

  /** A line that the user has seen already. */
  recordPrint(level: number, message: string, taskRun: TaskRun | null): void {
    this.record({
      kind: 'log',
      id: uuid7(),
      flowRunId: this.id,
      ...(taskRun && { taskRunId: taskRun.id }),
      logger: taskRun ? 'rigel.task-runs' : 'rigel.flow-runs',
      level,
      message: cleanText(message, MAX_LOG_CHARS),
      at: presentInstant(),
    })
  }
}
