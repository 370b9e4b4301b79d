import type { FlowRunChange } from '../domain/change.ts'
import type { StateColumns } from './write-set.ts'

const longestMessage = 2_000

/** What the live feed tells of a flow run: who it is, and the state columns as they were written. */
export const flowRunChange = (
  run: Pick<FlowRunChange, 'id' | 'flowId' | 'name' | 'tags' | 'deploymentId' | 'parentTaskRunId'>,
  state: StateColumns,
): FlowRunChange => ({
  kind: 'flow-run',
  id: run.id,
  flowId: run.flowId,
  name: run.name,
  stateType: state.state_type,
  stateName: state.state_name,
  stateAt: state.state_at,
  stateMessage: state.state_message.slice(0, longestMessage),
  expectedStartAt: state.expected_start_at,
  startAt: state.start_at,
  endAt: state.end_at,
  totalRunTimeSeconds: state.total_run_time_seconds,
  runCount: state.run_count,
  tags: run.tags,
  deploymentId: run.deploymentId,
  parentTaskRunId: run.parentTaskRunId,
})
