import { z } from 'zod'
import { countFlowRuns } from '../../control/flow-runs/count-flow-runs.ts'
import { flowRunLateness } from '../../control/flow-runs/flow-run-lateness.ts'
import { flowRunSorts, listFlowRuns } from '../../control/flow-runs/list-flow-runs.ts'
import { readFlowRun } from '../../control/flow-runs/read-flow-run.ts'
import { runHistory } from '../../control/flow-runs/run-history.ts'
import type { FlowRunRow } from '../../db/rows/flow-run.ts'
import { limit, limitOf, offset, page, pageJson, pageOf } from '../filters/paging.ts'
import { runFilterParts, runFilters } from '../filters/run-filters.ts'
import { historyAnswer, historyBody, historyInput, wireHistory } from '../history.ts'
import { route } from '../route.ts'
import { uuid } from '../schemas.ts'
import { flowRunAnswer } from './responses.ts'
import { flowRunJson } from './wire.ts'

const tag = 'Flow runs'
const see = { in: 'workspace', scope: 'see_flows' } as const
const sort = z.enum(flowRunSorts).default('ID_DESC')

const listTexts = new WeakMap<readonly FlowRunRow[], string>()

/** Callers who share a read of a list share its text. */
function listJson(rows: readonly FlowRunRow[], nowMicros: number): string {
  const text = listTexts.get(rows) ?? `[${rows.map((row) => flowRunJson(row, nowMicros)).join(',')}]`
  listTexts.set(rows, text)
  return text
}

const read = route({
  method: 'GET',
  path: '/flow_runs/{id}',
  permission: see,
  summary: 'Read a flow run',
  tag,
  params: z.object({ id: uuid }),
  success: { 200: flowRunAnswer },
  handle: async ({ ctx, params }) => ({
    status: 200,
    rawJson: flowRunJson(await readFlowRun(ctx, params.id), ctx.nowMicros()),
  }),
})

const filter = route({
  method: 'POST',
  path: '/flow_runs/filter',
  permission: see,
  summary: 'List flow runs',
  tag,
  body: z.object({ ...runFilterParts, sort, limit, offset }),
  bodyOptional: true,
  success: { 200: z.array(flowRunAnswer) },
  handle: async ({ ctx, body }) => {
    const rows = await listFlowRuns(ctx, {
      filters: runFilters(body),
      sort: body.sort,
      offset: body.offset,
      limit: limitOf(body.limit),
    })
    return { status: 200, rawJson: listJson(rows, ctx.nowMicros()) }
  },
})

const paginate = route({
  method: 'POST',
  path: '/flow_runs/paginate',
  permission: see,
  summary: 'List flow runs page by page',
  tag,
  body: z.object({ ...runFilterParts, sort, limit, page }),
  bodyOptional: true,
  success: { 200: pageOf(flowRunAnswer) },
  handle: async ({ ctx, body }) => {
    const filters = runFilters(body)
    const rows = limitOf(body.limit)
    const [runs, count] = await Promise.all([
      listFlowRuns(ctx, { filters, sort: body.sort, limit: rows, offset: (body.page - 1) * rows }),
      countFlowRuns(ctx, filters),
    ])
    const now = ctx.nowMicros()
    return {
      status: 200,
      rawJson: pageJson(
        runs.map((run) => flowRunJson(run, now)),
        count,
        body.page,
        rows,
      ),
    }
  },
})

const count = route({
  method: 'POST',
  path: '/flow_runs/count',
  permission: see,
  summary: 'Count flow runs',
  tag,
  body: z.object(runFilterParts),
  bodyOptional: true,
  success: { 200: z.int() },
  handle: async ({ ctx, body }) => ({ status: 200, json: await countFlowRuns(ctx, runFilters(body)) }),
})

const history = route({
  method: 'POST',
  path: '/flow_runs/history',
  permission: see,
  summary: 'Count flow runs by state in intervals of their expected start',
  tag,
  body: historyBody,
  success: { 200: historyAnswer },
  handle: async ({ ctx, body }) => ({
    status: 200,
    json: wireHistory(await runHistory(ctx, 'flow-run', historyInput(body))),
  }),
})

const lateness = route({
  method: 'POST',
  path: '/flow_runs/lateness',
  permission: see,
  summary: 'Mean seconds between expected and real start of flow runs',
  tag,
  body: z.object(runFilterParts),
  bodyOptional: true,
  success: { 200: z.number().nullable() },
  handle: async ({ ctx, body }) => ({ status: 200, json: await flowRunLateness(ctx, runFilters(body)) }),
})

export const flowRunReadRoutes = [filter, paginate, count, history, lateness, read]
