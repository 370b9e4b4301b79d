import { z } from 'zod'
import { countDeploymentsByFlow } from '../../control/deployments/count-by-flow.ts'
import { flowRunSorts, listFlowRuns } from '../../control/flow-runs/list-flow-runs.ts'
import { readFlowRun } from '../../control/flow-runs/read-flow-run.ts'
import { nextRuns } from '../../control/flows/next-runs.ts'
import { checkValues } from '../../control/parameters/check-values.ts'
import {
  countTaskRunsByState,
  countTaskRunsOf,
  taskRunOutcomes,
} from '../../control/task-runs/count-by-state.ts'
import { readTaskRun } from '../../control/task-runs/read-task-run.ts'
import { BadInput } from '../../domain/problem.ts'
import { rawMember } from '../../domain/raw-json.ts'
import { type RawJson, stateTypes } from '../../domain/state.ts'
import { limitOf } from '../filters/paging.ts'
import { runFilterParts, runFilters } from '../filters/run-filters.ts'
import { taskRunAnswer } from '../flow-runs/responses.ts'
import { computedTimes } from '../flow-runs/wire.ts'
import { route } from '../route.ts'
import { jsonObject, stateType, uuid } from '../schemas.ts'
import { taskRunJson } from '../task-runs/wire.ts'
import { valueErrors } from './value-errors.ts'

// What browsers' pages of other servers of this dialect ask beside the rest.

const tag = 'Pages'
const see = { in: 'workspace', scope: 'see_flows' } as const
const ids = z.array(uuid).max(200)
const MAX_POINTS = 1_000

const points = route({
  method: 'POST',
  path: '/ui/flow_runs/history',
  permission: see,
  summary: 'Flow runs as dots: when, how long, in which state',
  tag,
  body: z.object({
    ...runFilterParts,
    sort: z.enum(flowRunSorts).default('EXPECTED_START_TIME_DESC'),
    limit: z.int().optional().meta({ minimum: 0, maximum: MAX_POINTS, default: MAX_POINTS }),
    offset: z.int().min(0).default(0),
  }),
  bodyOptional: true,
  success: {
    200: z.array(
      z.object({
        id: z.uuid(),
        state_type: stateType,
        timestamp: z.iso.datetime(),
        duration: z.number(),
        lateness: z.number(),
      }),
    ),
  },
  handle: async ({ ctx, body }) => {
    const rows = await listFlowRuns(ctx, {
      filters: runFilters(body),
      sort: body.sort,
      limit: limitOf(body.limit, MAX_POINTS),
      offset: body.offset,
    })
    const now = ctx.nowMicros()
    return {
      status: 200,
      json: rows.map((row) => {
        const times = computedTimes(row, now)
        return {
          id: row.id,
          state_type: row.stateType ?? 'PENDING',
          timestamp: row.startAt ?? row.expectedStartAt ?? row.createdAt,
          duration: times.estimated_run_time,
          lateness: times.estimated_start_time_delta,
        }
      }),
    }
  },
})

const countTaskRuns = route({
  method: 'POST',
  path: '/ui/flow_runs/count-task-runs',
  permission: see,
  summary: 'How many task runs each of these flow runs has',
  tag,
  body: z.object({ flow_run_ids: ids }),
  success: { 200: z.record(z.string(), z.int()) },
  handle: async ({ ctx, body }) => {
    const counts = await countTaskRunsOf(ctx, body.flow_run_ids)
    return { status: 200, json: Object.fromEntries(body.flow_run_ids.map((id) => [id, counts.get(id) ?? 0])) }
  },
})

const countDeployments = route({
  method: 'POST',
  path: '/ui/flows/count-deployments',
  permission: { in: 'workspace', scope: 'see_deployments' },
  summary: 'How many deployments each of these flows has',
  tag,
  body: z.object({ flow_ids: ids }),
  success: { 200: z.record(z.string(), z.int()) },
  handle: async ({ ctx, body }) => {
    const counts = await countDeploymentsByFlow(ctx, body.flow_ids)
    return { status: 200, json: Object.fromEntries(body.flow_ids.map((id) => [id, counts.get(id) ?? 0])) }
  },
})

const nextRunsOfFlows = route({
  method: 'POST',
  path: '/ui/flows/next-runs',
  permission: see,
  summary: 'Of each of these flows the scheduled run that is due first',
  tag,
  body: z.object({ flow_ids: ids }),
  success: {
    200: z.record(
      z.string(),
      z
        .object({
          id: z.uuid(),
          flow_id: z.uuid(),
          name: z.string(),
          state_name: z.string(),
          state_type: stateType,
          next_scheduled_start_time: z.iso.datetime(),
        })
        .nullable(),
    ),
  },
  handle: async ({ ctx, body }) => {
    const runs = await nextRuns(ctx, body.flow_ids)
    const byFlow = new Map(
      runs.map((run) => [
        run.flowId,
        {
          id: run.id,
          flow_id: run.flowId,
          name: run.name,
          state_name: run.stateName,
          state_type: run.stateType,
          next_scheduled_start_time: run.nextScheduledStartAt,
        },
      ]),
    )
    return { status: 200, json: Object.fromEntries(body.flow_ids.map((id) => [id, byFlow.get(id) ?? null])) }
  },
})

const EMPTY = '{}' as RawJson
const BARS = 20

const outcomes = route({
  method: 'POST',
  path: '/ui/task_runs/dashboard/counts',
  permission: see,
  summary: 'Task runs that ended well and badly, in twenty bars',
  tag,
  body: z.object(runFilterParts),
  success: { 200: z.array(z.object({ completed: z.int(), failed: z.int() })) },
  handle: async ({ ctx, body }) => {
    const span = body.task_runs?.start_time
    if (typeof span?.after_ !== 'number')
      throw new BadInput('task_runs.start_time.after_ is missing: where the first bar begins.')
    const bars = await taskRunOutcomes(ctx, {
      filters: runFilters(body),
      fromMicros: span.after_,
      toMicros: span.before_ ?? ctx.nowMicros(),
      buckets: BARS,
    })
    return { status: 200, json: bars }
  },
})

const countByState = route({
  method: 'POST',
  path: '/ui/task_runs/count',
  permission: see,
  summary: 'Count task runs by the type of their state',
  tag,
  body: z.object(runFilterParts),
  bodyOptional: true,
  success: { 200: z.record(stateType, z.int()) },
  handle: async ({ ctx, body }) => {
    const counts = await countTaskRunsByState(ctx, runFilters(body))
    return { status: 200, json: Object.fromEntries(stateTypes.map((type) => [type, counts.get(type) ?? 0])) }
  },
})

const readTask = route({
  method: 'GET',
  path: '/ui/task_runs/{id}',
  permission: see,
  summary: 'Read a task run with the name of its flow run',
  tag,
  params: z.object({ id: uuid }),
  success: { 200: taskRunAnswer.extend({ flow_run_name: z.string().nullable() }) },
  handle: async ({ ctx, params }) => {
    const row = await readTaskRun(ctx, params.id)
    const run = row.flowRunId === null ? null : await readFlowRun(ctx, row.flowRunId).catch(() => null)
    const json = taskRunJson(row, ctx.nowMicros())
    return {
      status: 200,
      rawJson: `${json.slice(0, -1)},"flow_run_name":${JSON.stringify(run?.name ?? null)}}`,
    }
  },
})

const validate = route({
  method: 'POST',
  path: '/ui/schemas/validate',
  permission: { in: 'workspace', scope: 'see_deployments' },
  summary: 'Hold values against a schema',
  tag,
  body: z.object({ schema: jsonObject, values: jsonObject }),
  success: { 200: z.object({ errors: z.array(z.unknown()), valid: z.boolean() }) },
  handle: async ({ ctx, rawBody }) => {
    const errors = await checkValues(ctx, {
      schema: rawMember(rawBody, 'schema') ?? EMPTY,
      values: rawMember(rawBody, 'values') ?? EMPTY,
    })
    return { status: 200, json: { errors: valueErrors(errors), valid: errors.length === 0 } }
  },
})

export const uiRoutes = [
  points,
  countTaskRuns,
  countDeployments,
  nextRunsOfFlows,
  outcomes,
  countByState,
  readTask,
  validate,
]
