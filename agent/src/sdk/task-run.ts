import type { ReportedState, StateType, TaskInput } from '../protocol/frames.js'
import { presentInstant } from '../record/instant.js'
import { cleanText, MAX_MESSAGE_CHARS } from '../record/text.js'
import { dynamicKey, uuid7 } from '../record/uuid.js'
import type { FlowRun } from './flow-run.js'

export interface NewState {
  readonly type: StateType
  readonly name: string
  readonly message?: string
  readonly scheduledFor?: string
}

export function reportedState({ type, name, message, scheduledFor }: NewState): ReportedState {
  return {
    id: uuid7(),
    type,
    name,
    at: presentInstant(),
    ...(message !== undefined && { message: cleanText(message, MAX_MESSAGE_CHARS) }),
    ...(scheduledFor !== undefined && { scheduledFor }),
  }
}

export type TaskInputs = { readonly [argument: string]: readonly TaskInput[] }

/** One call of a task within a flow run, or what stands for a sub-flow there. Turns each state into a record. */
export class TaskRun {
  readonly id = uuid7()
  readonly name: string
  private readonly dynamicKey = dynamicKey()
  private runCount = 0
  private startedAt: string | undefined
  private runningSinceMs: number | null = null
  private totalRunTimeMs = 0
  inputs: TaskInputs = {}

  constructor(
    readonly flowRun: FlowRun,
    readonly taskName: string,
    private readonly taskKey: string,
    private readonly tags: readonly string[],
    private readonly retries: number,
  ) {
    this.name = cleanText(`${taskName}-${this.dynamicKey.slice(0, 3)}`, 500)
    flowRun.liveTaskRuns.add(this)
  }

  /** Records the state, unless the run has ended: a function that goes on after its timeout changes nothing. */
  enter(next: NewState): ReportedState {
    const state = reportedState(next)
    if (!this.flowRun.liveTaskRuns.has(this)) return state
    const isRunning = next.type === 'RUNNING'
    if (this.runningSinceMs !== null) this.totalRunTimeMs += performance.now() - this.runningSinceMs
    this.runningSinceMs = isRunning ? performance.now() : null
    if (isRunning) {
      this.runCount++
      this.startedAt ??= state.at
    }
    const isFinal = next.type !== 'RUNNING' && next.type !== 'PENDING' && next.type !== 'SCHEDULED'
    this.flowRun.record({
      kind: 'task-run',
      id: this.id,
      flowRunId: this.flowRun.id,
      taskKey: this.taskKey,
      dynamicKey: this.dynamicKey,
      name: this.name,
      tags: this.tags,
      inputs: this.inputs,
      runCount: this.runCount,
      retries: this.retries,
      ...(this.startedAt !== undefined && { startedAt: this.startedAt }),
      ...(isFinal && { endedAt: state.at }),
      totalRunTimeSeconds: Math.round(this.totalRunTimeMs * 1000) / 1e6,
      state,
    })
    if (isFinal) this.flowRun.liveTaskRuns.delete(this)
    return state
  }

  /** For what stands for a sub-flow: the server copies each state of the sub-flow to it, so that nothing more comes from here. */
  leaveToServer(): void {
    this.flowRun.liveTaskRuns.delete(this)
  }

  log(level: number, message: string): void {
    this.flowRun.log(level, message, this)
  }
}
