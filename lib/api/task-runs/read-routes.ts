import { z } from 'zod'
import { runHistory } from '../../control/flow-runs/run-history.ts'
import { deleteTaskRun } from '../../control/task-runs/delete-task-run.ts'
import { countTaskRuns, listTaskRuns, taskRunSorts } from '../../control/task-runs/list-task-runs.ts'
import { readTaskRun } from '../../control/task-runs/read-task-run.ts'
import { renameTaskRun } from '../../control/task-runs/rename-task-run.ts'
import { announceDeleted } from '../deleted.ts'
import { limit, limitOf, offset, page, pageJson, pageOf } from '../filters/paging.ts'
import { runFilterParts, runFilters } from '../filters/run-filters.ts'
import { taskRunAnswer } from '../flow-runs/responses.ts'
import { historyAnswer, historyBody, historyInput, wireHistory } from '../history.ts'
import { route } from '../route.ts'
import { uuid } from '../schemas.ts'
import { taskRunJson } from './wire.ts'

const tag = 'Task runs'
const see = { in: 'workspace', scope: 'see_flows' } as const
const byId = z.object({ id: uuid })
const sort = z.enum(taskRunSorts).default('ID_DESC')

const read = route({
  method: 'GET',
  path: '/task_runs/{id}',
  permission: see,
  summary: 'Read a task run',
  tag,
  params: byId,
  success: { 200: taskRunAnswer },
  handle: async ({ ctx, params }) => ({
    status: 200,
    rawJson: taskRunJson(await readTaskRun(ctx, params.id), ctx.nowMicros()),
  }),
})

const filter = route({
  method: 'POST',
  path: '/task_runs/filter',
  permission: see,
  summary: 'List task runs',
  tag,
  body: z.object({ ...runFilterParts, sort, limit, offset }),
  bodyOptional: true,
  success: { 200: z.array(taskRunAnswer) },
  handle: async ({ ctx, body }) => {
    const rows = await listTaskRuns(ctx, {
      filters: runFilters(body),
      sort: body.sort,
      offset: body.offset,
      limit: limitOf(body.limit),
    })
    const now = ctx.nowMicros()
    return { status: 200, rawJson: `[${rows.map((row) => taskRunJson(row, now)).join(',')}]` }
  },
})

const paginate = route({
  method: 'POST',
  path: '/task_runs/paginate',
  permission: see,
  summary: 'List task runs page by page',
  tag,
  body: z.object({ ...runFilterParts, sort, limit, page }),
  bodyOptional: true,
  success: { 200: pageOf(taskRunAnswer) },
  handle: async ({ ctx, body }) => {
    const filters = runFilters(body)
    const rows = limitOf(body.limit)
    const [runs, count] = await Promise.all([
      listTaskRuns(ctx, { filters, sort: body.sort, limit: rows, offset: (body.page - 1) * rows }),
      countTaskRuns(ctx, filters),
    ])
    const now = ctx.nowMicros()
    return {
      status: 200,
      rawJson: pageJson(
        runs.map((run) => taskRunJson(run, now)),
        count,
        body.page,
        rows,
      ),
    }
  },
})

const count = route({
  method: 'POST',
  path: '/task_runs/count',
  permission: see,
  summary: 'Count task runs',
  tag,
  body: z.object(runFilterParts),
  bodyOptional: true,
  success: { 200: z.int() },
  handle: async ({ ctx, body }) => ({ status: 200, json: await countTaskRuns(ctx, runFilters(body)) }),
})

const history = route({
  method: 'POST',
  path: '/task_runs/history',
  permission: see,
  summary: 'Count task runs by state in intervals of their expected start',
  tag,
  body: historyBody,
  success: { 200: historyAnswer },
  handle: async ({ ctx, body }) => ({
    status: 200,
    json: wireHistory(await runHistory(ctx, 'task-run', historyInput(body))),
  }),
})

const update = route({
  method: 'PATCH',
  path: '/task_runs/{id}',
  permission: { in: 'workspace', scope: 'run_flows' },
  summary: 'Rename a task run',
  tag,
  params: byId,
  body: z.object({ name: z.string().min(1).max(5_000).nullish() }),
  nulls: 'keep',
  success: { 204: null },
  handle: async ({ ctx, params, body }) => {
    // Nothing to change is no error, but the run must be there.
    if (body.name) await renameTaskRun(ctx, params.id, body.name)
    else await readTaskRun(ctx, params.id)
    return { status: 204 }
  },
})

const remove = route({
  method: 'DELETE',
  path: '/task_runs/{id}',
  permission: { in: 'workspace', scope: 'manage_flows' },
  summary: 'Delete a task run with its states',
  tag,
  params: byId,
  success: { 204: null },
  handle: async (call) => {
    const { id } = call.params
    await deleteTaskRun(call.ctx, call.services.engine, id)
    announceDeleted(call, 'task-run', [id])
    return { status: 204 }
  },
})

export const taskRunReadRoutes = [filter, paginate, count, history, read, update, remove]
