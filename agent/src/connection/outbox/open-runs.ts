import type { AgentRecord, StateType, TaskRunRecord } from '../../protocol/frames.js'

const FINAL: Readonly<Record<StateType, boolean>> = {
  SCHEDULED: false,
  PENDING: false,
  RUNNING: false,
  PAUSED: false,
  CANCELLING: false,
  COMPLETED: true,
  FAILED: true,
  CRASHED: true,
  CANCELLED: true,
}

export const isFinal = (type: StateType): boolean => FINAL[type]

/** What `open.json` holds: the runs that had begun and not ended when segments were last deleted. */
export interface OpenRunsSnapshot {
  readonly flowRunIds: readonly string[]
  readonly taskRuns: readonly TaskRunRecord[]
}

/**
 * The runs that have begun and not ended, so that whoever adopts the outbox of a dead process can say that they
 * crashed. Folding the same records twice changes nothing.
 */
export class OpenRuns {
  private readonly flowRuns = new Set<string>()
  private readonly taskRuns = new Map<string, TaskRunRecord>()

  fold(record: AgentRecord): void {
    switch (record.kind) {
      case 'flow-run':
        this.flowRuns.add(record.id)
        // The server copies the states of a sub-flow to the task run that stands for it.
        if (record.parentTaskRunId) this.taskRuns.delete(record.parentTaskRunId)
        return
      case 'flow-run-state':
        if (isFinal(record.state.type)) this.end(record.flowRunId)
        return
      case 'task-run':
        if (isFinal(record.state.type)) this.taskRuns.delete(record.id)
        else this.taskRuns.set(record.id, record)
        return
      case 'log':
        return
      default:
        record satisfies never
    }
  }

  /** With the flow run ends whatever of it had no end of its own, such as a task that never became ready. */
  private end(flowRunId: string): void {
    this.flowRuns.delete(flowRunId)
    for (const { id, flowRunId: owner } of this.taskRuns.values())
      if (owner === flowRunId) this.taskRuns.delete(id)
  }

  restore(snapshot: OpenRunsSnapshot): void {
    for (const id of snapshot.flowRunIds) this.flowRuns.add(id)
    for (const taskRun of snapshot.taskRuns) this.taskRuns.set(taskRun.id, taskRun)
  }

  snapshot(): OpenRunsSnapshot {
    return { flowRunIds: [...this.flowRuns], taskRuns: [...this.taskRuns.values()] }
  }

  get isEmpty(): boolean {
    return this.flowRuns.size === 0 && this.taskRuns.size === 0
  }
}
