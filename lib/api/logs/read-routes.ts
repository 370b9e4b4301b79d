import { z } from 'zod'
import { readFlowRun } from '../../control/flow-runs/read-flow-run.ts'
import { downloadLogs } from '../../control/logs/download-logs.ts'
import { type LogRow, listLogs, logSorts } from '../../control/logs/list-logs.ts'
import { filterOf, operator, spanFilter, sub } from '../filters/operators.ts'
import { limit, limitOf, offset } from '../filters/paging.ts'
import { route } from '../route.ts'
import { uuid } from '../schemas.ts'

const tag = 'Logs'
const see = { in: 'workspace', scope: 'see_flows' } as const

const int32 = z
  .int()
  .min(-(2 ** 31))
  .max(2 ** 31 - 1)
const ids = z.array(uuid).max(10_000).nullish()

export const logFilter = filterOf({
  operator,
  level: sub({ ge_: int32.nullish(), le_: int32.nullish() }),
  timestamp: spanFilter,
  flow_run_id: sub({ any_: ids }),
  task_run_id: sub({ any_: ids, is_null_: z.boolean().nullish() }),
  worker_id: sub({ any_: ids, not_any_: ids, is_null_: z.boolean().nullish() }),
  loggers: sub({ any_: z.array(z.string().max(5_000)).max(10_000).nullish() }),
  text: sub({ query: z.string().max(200).nullish() }),
}).meta({ id: 'LogFilter' })

export const logAnswer = z
  .object({
    id: z.uuid(),
    created: z.iso.datetime(),
    updated: z.iso.datetime(),
    name: z.string(),
    level: z.int(),
    message: z.string(),
    timestamp: z.iso.datetime(),
    flow_run_id: z.uuid().nullable(),
    task_run_id: z.uuid().nullable(),
    worker_id: z.uuid().nullable(),
  })
  .meta({ id: 'Log' })

export const wireLog = (row: LogRow): z.output<typeof logAnswer> => ({
  id: row.id,
  created: row.at,
  updated: row.at,
  name: row.logger,
  level: row.level,
  message: row.message,
  timestamp: row.at,
  flow_run_id: row.flowRunId,
  task_run_id: row.taskRunId,
  worker_id: row.workerId,
})

const filter = route({
  method: 'POST',
  path: '/logs/filter',
  permission: see,
  summary: 'List log lines',
  tag,
  body: z.object({
    logs: logFilter.optional(),
    sort: z.enum(logSorts).default('TIMESTAMP_ASC'),
    limit,
    offset,
  }),
  bodyOptional: true,
  success: { 200: z.array(logAnswer) },
  handle: async ({ ctx, body }) => {
    const rows = await listLogs(ctx, {
      filter: body.logs ?? null,
      sort: body.sort,
      limit: limitOf(body.limit),
      offset: body.offset,
    })
    return { status: 200, json: rows.map(wireLog) }
  },
})

const download = route({
  method: 'GET',
  path: '/flow_runs/{id}/logs/download',
  permission: see,
  summary: 'Download the log lines of a flow run as CSV',
  tag,
  params: z.object({ id: uuid }),
  success: { 200: z.string().meta({ contentType: 'text/csv' }) },
  handle: async ({ ctx, params }) => {
    const run = await readFlowRun(ctx, params.id)
    const pages = downloadLogs(ctx, run.id)
    const encoder = new TextEncoder()
    return {
      status: 200,
      headers: {
        'content-type': 'text/csv; charset=utf-8',
        'content-disposition': `attachment; filename="flow-run-logs.csv"; filename*=UTF-8''${encodeURIComponent(run.name)}-logs.csv`,
      },
      body: new ReadableStream<Uint8Array>({
        start: (controller) =>
          controller.enqueue(encoder.encode('timestamp,level,flow_run_id,task_run_id,message\r\n')),
        async pull(controller) {
          const { value, done } = await pages.next()
          if (done) controller.close()
          else controller.enqueue(encoder.encode(value.map(csvLine).join('')))
        },
        async cancel() {
          await pages.return(undefined)
        },
      }),
    }
  },
})

const csvLine = (row: LogRow): string =>
  `${[row.at, row.level, row.flowRunId ?? '', row.taskRunId ?? '', row.message].map(csvField).join(',')}\r\n`

const csvField = (value: string | number): string => {
  const text = String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

export const logReadRoutes = [filter, download]
