import type { FlowRunChange, TaskRunChange } from '../../domain/change.ts'
import type { StateType } from '../../domain/state.ts'

/** What pages show. Field names are those of the live feed, so that a change is folded in by spreading it. */
export interface FlowRunRow extends Omit<FlowRunChange, 'kind'> {
  readonly flowName: string
  readonly deploymentName: string | null
}

export type TaskRunRow = Omit<TaskRunChange, 'kind'> & {
  /** The sub-flow run that this task run stands for. */
  readonly childFlowRunId: string | null
}

export interface StateRow {
  readonly id: string
  readonly at: string
  readonly type: StateType
  readonly name: string
  readonly message: string
}

export interface LogRow {
  readonly id: string
  /** Its place among all lines of the run, from 1. */
  readonly line: number
  readonly at: string
  readonly level: number
  readonly logger: string
  readonly message: string
  readonly taskRunId: string | null
}
