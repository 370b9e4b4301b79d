import { readWorkspace } from '../../db/scope.ts'
import { NotFound } from '../../domain/problem.ts'
import { type Context, requireScope } from '../context.ts'
import { flowRunColumns, taskRunColumns } from './columns.ts'
import type { FlowRunRow, StateRow, TaskRunRow } from './rows.ts'
import { parseTaskInputs } from './task-inputs.ts'

export interface FlowRunDetail extends FlowRunRow {
  readonly createdAt: string
  readonly flowVersion: string | null
  readonly startedBy: string | null
  readonly autoScheduled: boolean
  readonly workPoolName: string | null
  readonly workQueueId: string | null
  readonly workQueueName: string | null
  readonly parent: { readonly flowRunId: string; readonly name: string; readonly flowName: string } | null
}

export interface FlowRunView {
  readonly run: FlowRunDetail
  readonly taskRuns: readonly TaskRunRow[]
  /** True where the run has more task runs than a page reads. */
  readonly taskRunsCut: boolean
  /** States of the task runs that were tried more than once, by task run. */
  readonly attempts: Readonly<Record<string, readonly StateRow[]>>
  readonly subFlowRuns: readonly FlowRunRow[]
  readonly stateCount: number
  readonly parameterCount: number
}

export const mostTaskRuns = 2000

/** A flow run with what its page shows at once: header, timeline, sub-flows. Tabs read the rest. */
export async function readFlowRun(ctx: Context, flowRunId: string): Promise<FlowRunView> {
  requireScope(ctx, 'see_flows')
  const workspaceId = ctx.workspaceId
  return readWorkspace(ctx.db, workspaceId, async (sql) => {
    const [found, taskRuns, subFlowRuns, states] = await Promise.all([
      sql<(Omit<FlowRunDetail, 'parent'> & ParentColumns & { parameterCount: number })[]>`
        select ${flowRunColumns(sql)}, r.created_at as "createdAt", r.flow_version as "flowVersion",
          r.created_by ->> 'display_value' as "startedBy", r.auto_scheduled as "autoScheduled",
          r.work_pool_name as "workPoolName", r.work_queue_id as "workQueueId", r.work_queue_name as "workQueueName",
          (select count(*)::int from json_object_keys(case when json_typeof(r.parameters) = 'object' then r.parameters else '{}' end)) as "parameterCount",
          p.id as "parentId", p.name as "parentName", pf.name as "parentFlowName"
        from flow_runs r
        join flows f on f.workspace_id = r.workspace_id and f.id = r.flow_id
        left join task_runs pt on pt.workspace_id = r.workspace_id and pt.id = r.parent_task_run_id
        left join flow_runs p on p.workspace_id = r.workspace_id and p.id = pt.flow_run_id
        left join flows pf on pf.workspace_id = p.workspace_id and pf.id = p.flow_id
        where r.workspace_id = ${workspaceId} and r.id = ${flowRunId}`,
      sql<(TaskRunRow & { taskInputsJson: string })[]>`
        select ${taskRunColumns(sql)}, t.task_inputs as "taskInputsJson" from task_runs t
        where t.workspace_id = ${workspaceId} and t.flow_run_id = ${flowRunId}
        order by coalesce(t.start_at, t.expected_start_at, t.created_at), t.id limit ${mostTaskRuns + 1}`,
      sql<FlowRunRow[]>`
        select ${flowRunColumns(sql)}
        from task_runs t
        join flow_runs r on r.workspace_id = t.workspace_id and r.parent_task_run_id = t.id
        join flows f on f.workspace_id = r.workspace_id and f.id = r.flow_id
        where t.workspace_id = ${workspaceId} and t.flow_run_id = ${flowRunId}
        order by r.expected_start_at, r.id limit 500`,
      sql<{ count: number }[]>`
        select count(*)::int as count from flow_run_states where workspace_id = ${workspaceId} and run_id = ${flowRunId}`,
    ])
    const [row] = found
    if (!row) throw new NotFound('Flow run')
    const { parentId, parentName, parentFlowName, parameterCount, ...run } = row
    const triedAgain = taskRuns
      .filter((task) => task.runCount > 1 || task.stateName === 'AwaitingRetry')
      .map((task) => task.id)
    const tried =
      triedAgain.length === 0
        ? []
        : await sql<(StateRow & { runId: string })[]>`
      select run_id as "runId", id, at, type, name, '' as message from task_run_states
      where workspace_id = ${workspaceId} and run_id = any(${triedAgain.slice(0, 300)}::uuid[])
      order by at, id limit 5000`
    const attempts: Record<string, StateRow[]> = {}
    for (const { runId, ...state } of tried) {
      const known = attempts[runId]
      if (known) known.push(state)
      else attempts[runId] = [state]
    }
    return {
      run: {
        ...run,
        parent:
          parentId && parentName && parentFlowName
            ? { flowRunId: parentId, name: parentName, flowName: parentFlowName }
            : null,
      },
      taskRuns: taskRuns
        .slice(0, mostTaskRuns)
        .map(({ taskInputsJson, ...task }) => ({ ...task, taskInputs: parseTaskInputs(taskInputsJson) })),
      taskRunsCut: taskRuns.length > mostTaskRuns,
      attempts,
      subFlowRuns,
      stateCount: states[0]?.count ?? 0,
      parameterCount,
    }
  })
}

interface ParentColumns {
  readonly parentId: string | null
  readonly parentName: string | null
  readonly parentFlowName: string | null
}
