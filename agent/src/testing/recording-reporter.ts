import type { Reporter } from '../connection/reporter.js'
import type { AgentRecord, FlowRunRecord, LogRecord, TaskRunRecord } from '../protocol/frames.js'

/** Keeps what was reported, for tests of the flow engine alone. */
export class RecordingReporter implements Reporter {
  readonly records: AgentRecord[] = []
  private readonly watchers = new Map<string, (reason: string) => void>()

  record(record: AgentRecord): void {
    // As the wire does it: what is not JSON does not pass.
    this.records.push(JSON.parse(JSON.stringify(record)) as AgentRecord)
  }

  whenPageKnown(): void {}

  watch(flowRunId: string, stop: (reason: string) => void): () => void {
    this.watchers.set(flowRunId, stop)
    return () => this.watchers.delete(flowRunId)
  }

  stopRun(flowRunId: string, reason: string): void {
    this.watchers.get(flowRunId)?.(reason)
  }

  acknowledged(): Promise<boolean> {
    return Promise.resolve(true)
  }

  drain(): Promise<void> {
    return Promise.resolve()
  }

  flush(): void {}

  close(): Promise<void> {
    return Promise.resolve()
  }

  get flowRuns(): FlowRunRecord[] {
    return this.records.filter((each) => each.kind === 'flow-run')
  }

  get taskRuns(): TaskRunRecord[] {
    return this.records.filter((each) => each.kind === 'task-run')
  }

  get logs(): LogRecord[] {
    return this.records.filter((each) => each.kind === 'log')
  }

  /** Names of the states of a flow run in the order of their coming; of the first one when none is named. */
  flowStates(flowRunId: string | undefined = this.flowRuns[0]?.id): string[] {
    return this.records.flatMap((each) => {
      if (each.kind === 'flow-run' && each.id === flowRunId) return [each.state.name ?? each.state.type]
      if (each.kind === 'flow-run-state' && each.flowRunId === flowRunId)
        return [each.state.name ?? each.state.type]
      return []
    })
  }

  /** The same for every task run whose name begins so. */
  taskStates(prefix: string): string[] {
    return this.taskRuns
      .filter((each) => each.name.startsWith(prefix))
      .map((each) => each.state.name ?? each.state.type)
  }
}
