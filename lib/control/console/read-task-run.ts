import { readWorkspace } from '../../db/scope.ts'
import { NotFound } from '../../domain/problem.ts'
import { type Context, requireScope } from '../context.ts'
import { flowRunColumns, taskRunColumns } from './columns.ts'
import type { FlowRunRow, StateRow, TaskRunRow } from './rows.ts'
import { parseTaskInputs } from './task-inputs.ts'

export interface TaskRunView {
  readonly taskRun: TaskRunRow
  readonly flowRun: FlowRunRow | null
  readonly states: readonly StateRow[]
  /** The task runs that its arguments came from, and those that took its result. */
  readonly upstream: readonly TaskRunRow[]
  readonly downstream: readonly TaskRunRow[]
}

export async function readTaskRun(ctx: Context, taskRunId: string): Promise<TaskRunView> {
  requireScope(ctx, 'see_flows')
  const workspaceId = ctx.workspaceId
  return readWorkspace(ctx.db, workspaceId, async (sql) => {
    const [row] = await sql<(TaskRunRow & { taskInputsJson: string })[]>`
      select ${taskRunColumns(sql)}, t.task_inputs as "taskInputsJson" from task_runs t
      where t.workspace_id = ${workspaceId} and t.id = ${taskRunId}`
    if (!row) throw new NotFound('Task run')
    const { taskInputsJson, ...rest } = row
    const taskRun: TaskRunRow = { ...rest, taskInputs: parseTaskInputs(taskInputsJson) }
    const sources = sourcesOf(taskRun)
    const [flowRuns, states, upstream, downstream] = await Promise.all([
      row.flowRunId === null
        ? Promise.resolve([])
        : sql<FlowRunRow[]>`
          select ${flowRunColumns(sql)} from flow_runs r join flows f on f.workspace_id = r.workspace_id and f.id = r.flow_id
          where r.workspace_id = ${workspaceId} and r.id = ${row.flowRunId}`,
      sql<StateRow[]>`
        select id, at, type, name, left(message, 20000) as message from task_run_states
        where workspace_id = ${workspaceId} and run_id = ${taskRunId} order by at, id limit 1000`,
      sources.length === 0
        ? Promise.resolve([])
        : sql<TaskRunRow[]>`
          select ${taskRunColumns(sql)} from task_runs t
          where t.workspace_id = ${workspaceId} and t.id = any(${sources}::uuid[]) order by t.start_at, t.id limit 200`,
      row.flowRunId === null
        ? Promise.resolve([])
        : sql<TaskRunRow[]>`
          select ${taskRunColumns(sql)} from task_runs t
          where t.workspace_id = ${workspaceId} and t.flow_run_id = ${row.flowRunId} and t.task_inputs::text like ${`%${taskRunId}%`}
          order by t.start_at, t.id limit 200`,
    ])
    const bare = (task: TaskRunRow): TaskRunRow => ({ ...task, taskInputs: {} })
    return {
      taskRun,
      flowRun: flowRuns[0] ?? null,
      states,
      upstream: upstream.map(bare),
      downstream: downstream.map(bare),
    }
  })
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Ids of the task runs whose results were its arguments. */
export const sourcesOf = (task: Pick<TaskRunRow, 'taskInputs'>): string[] => [
  ...new Set(
    Object.values(task.taskInputs)
      .flat()
      .flatMap((source) =>
        source.input_type === 'task_run' && source.id && uuid.test(source.id) ? [source.id] : [],
      ),
  ),
]
