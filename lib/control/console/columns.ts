import type { Transaction } from '../../db/clients.ts'

type Fragment = ReturnType<Transaction>

/** Columns of a flow run as pages show it: `r` is flow_runs, `f` its flow. */
export const flowRunColumns = (sql: Transaction): Fragment => sql`
  r.id, r.flow_id as "flowId", f.name as "flowName", r.name,
  coalesce(r.state_type::text, 'PENDING') as "stateType",
  coalesce(r.state_name, 'Pending') as "stateName",
  coalesce(r.state_at, r.created_at) as "stateAt",
  left(coalesce(r.state_message, ''), 20000) as "stateMessage",
  r.expected_start_at as "expectedStartAt", r.start_at as "startAt", r.end_at as "endAt",
  r.total_run_time_seconds as "totalRunTimeSeconds", r.run_count as "runCount", r.tags,
  r.deployment_id as "deploymentId",
  (select d.name from deployments d where d.workspace_id = r.workspace_id and d.id = r.deployment_id) as "deploymentName",
  r.parent_task_run_id as "parentTaskRunId"`

/** Columns of a task run as pages show it: `t` is task_runs. */
export const taskRunColumns = (sql: Transaction): Fragment => sql`
  t.id, t.flow_run_id as "flowRunId", t.name, t.task_key as "taskKey",
  coalesce(t.state_id, t.id) as "stateId",
  coalesce(t.state_type::text, 'PENDING') as "stateType",
  coalesce(t.state_name, 'Pending') as "stateName",
  coalesce(t.state_at, t.created_at) as "stateAt",
  left(coalesce(t.state_message, ''), 20000) as "stateMessage",
  t.expected_start_at as "expectedStartAt", t.start_at as "startAt", t.end_at as "endAt",
  t.total_run_time_seconds as "totalRunTimeSeconds", t.run_count as "runCount", t.tags,
  t.state_details ->> 'child_flow_run_id' as "childFlowRunId"`

/** `%` and `_` in what a person types are letters. */
export const containing = (text: string): string => `%${text.replace(/[\\%_]/g, (found) => `\\${found}`)}%`

/** At most this many are counted; pages then say `10,000+`. */
export const countCap = 10_000
