import { z } from 'zod'
import { readDeployment } from '../../control/deployments/read-deployment.ts'
import { addSchedules } from '../../control/schedules/add-schedules.ts'
import { deleteSchedule } from '../../control/schedules/delete-schedule.ts'
import { previewSchedule } from '../../control/schedules/preview-schedule.ts'
import { MAX_WINDOW_RUNS, scheduleWindow } from '../../control/schedules/schedule-window.ts'
import { updateSchedule } from '../../control/schedules/update-schedule.ts'
import { route } from '../route.ts'
import { durationSeconds, instant, uuid } from '../schemas.ts'
import { scheduleBody, scheduleInput, scheduleInputs } from './bodies.ts'
import { scheduleAnswer, scheduleJson, scheduleValue } from './wire.ts'

const tag = 'Deployments'
const see = { in: 'workspace', scope: 'see_deployments' } as const
const write = { in: 'workspace', scope: 'write_deployments' } as const
const byId = z.object({ id: uuid })
const bySchedule = z.object({ id: uuid, schedule_id: uuid })

const list = route({
  method: 'GET',
  path: '/deployments/{id}/schedules',
  permission: see,
  summary: 'List the schedules of a deployment',
  tag,
  params: byId,
  success: { 200: z.array(scheduleAnswer) },
  handle: async ({ ctx, params }) => {
    const { schedules } = await readDeployment(ctx, params.id)
    return { status: 200, rawJson: `[${schedules.map(scheduleJson).join(',')}]` }
  },
})

const add = route({
  method: 'POST',
  path: '/deployments/{id}/schedules',
  permission: write,
  summary: 'Add schedules to a deployment',
  tag,
  params: byId,
  body: z.array(scheduleBody).max(1_000),
  success: { 201: z.array(scheduleAnswer) },
  errors: [404, 409],
  handle: async ({ ctx, params, body, rawBody, services }) => {
    const schedules = await addSchedules(ctx, services.engine, params.id, scheduleInputs(body, rawBody))
    return { status: 201, rawJson: `[${schedules.map(scheduleJson).join(',')}]` }
  },
})

const update = route({
  method: 'PATCH',
  path: '/deployments/{id}/schedules/{schedule_id}',
  permission: write,
  summary: 'Change a schedule of a deployment',
  tag,
  params: bySchedule,
  body: scheduleBody,
  nulls: 'keep',
  success: { 204: null },
  errors: [404, 409],
  handle: async ({ ctx, params, body, rawBody, services }) => {
    const which = { deploymentId: params.id, id: params.schedule_id }
    await updateSchedule(ctx, services.engine, which, scheduleInput(body, rawBody))
    return { status: 204 }
  },
})

const remove = route({
  method: 'DELETE',
  path: '/deployments/{id}/schedules/{schedule_id}',
  permission: write,
  summary: 'Delete a schedule of a deployment',
  tag,
  params: bySchedule,
  success: { 204: null },
  handle: async ({ ctx, params, services }) => {
    await deleteSchedule(ctx, services.engine, { deploymentId: params.id, id: params.schedule_id })
    return { status: 204 }
  },
})

const preview = route({
  method: 'POST',
  path: '/deployments/schedules/preview',
  permission: see,
  summary: 'See when a schedule would fire, and read in English what it says',
  tag,
  body: z.object({ schedule: scheduleValue, count: z.int().min(1).max(100).default(5) }),
  success: {
    200: z.object({
      description: z.string(),
      timezone: z.string(),
      times: z.array(z.iso.datetime()),
      is_over: z.boolean(),
    }),
  },
  handle: ({ ctx, body }) => {
    const { words, timezone, times, isOver } = previewSchedule(ctx, body.schedule, body.count)
    return { status: 200, json: { description: words, timezone, times, is_over: isOver } }
  },
})

const HUNDRED_DAYS = 100 * 86_400
const runs = z.int().min(0).max(MAX_WINDOW_RUNS)

const schedule = route({
  method: 'POST',
  path: '/deployments/{id}/schedule',
  permission: { in: 'workspace', scope: 'run_deployments' },
  summary: 'Make the runs of a stretch of time, past or to come',
  tag,
  params: byId,
  body: z.object({
    start_time: instant.optional(),
    end_time: instant.optional(),
    min_time: durationSeconds.optional(),
    min_runs: runs.default(3),
    max_runs: runs.default(100),
  }),
  bodyOptional: true,
  success: { 200: z.null() },
  handle: async ({ ctx, params, body, services }) => {
    const fromMicros = body.start_time ?? services.nowMicros()
    await scheduleWindow(ctx, services.engine, params.id, {
      fromMicros,
      untilMicros: body.end_time ?? fromMicros + HUNDRED_DAYS * 1e6,
      minSeconds: body.min_time ?? 3_600,
      minRuns: body.min_runs,
      maxRuns: body.max_runs,
    })
    return { status: 200, rawJson: 'null' }
  },
})

export const scheduleRoutes = [preview, list, add, update, remove, schedule]
