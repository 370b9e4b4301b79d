import { z } from 'zod'
import { createQueueInDefaultPool } from '../../control/work-queues/default-pool.ts'
import { deleteWorkQueue } from '../../control/work-queues/delete-work-queue.ts'
import { countWorkQueues, listWorkQueues } from '../../control/work-queues/list-work-queues.ts'
import { pollWorkQueue } from '../../control/work-queues/poll-work-queue.ts'
import { readQueueConcurrency } from '../../control/work-queues/read-concurrency.ts'
import { readQueueHealth } from '../../control/work-queues/read-queue-health.ts'
import { readWorkQueue } from '../../control/work-queues/read-work-queue.ts'
import { updateWorkQueue } from '../../control/work-queues/update-work-queue.ts'
import { NotFound, Problem } from '../../domain/problem.ts'
import { DEFAULT_POOL_NAME, POLLED_LATELY_SECONDS } from '../../domain/work/status.ts'
import { limit, limitOf, offset, page, pageJson, pageOf } from '../filters/paging.ts'
import { workQueueListFilter } from '../filters/work-filters.ts'
import { flowRunAnswer } from '../flow-runs/responses.ts'
import { flowRunJson } from '../flow-runs/wire.ts'
import { route } from '../route.ts'
import { instant, uuid } from '../schemas.ts'
import { slotOf } from '../work-pools/wire.ts'
import { newQueueBody, newQueueOf, queueChangesBody, queueChangesOf } from './bodies.ts'
import { queueConcurrencyAnswer, queueHealthAnswer, workQueueAnswer, workQueueJson } from './wire.ts'

// Queues without their pool in the path: clients 2.x, whose queues live in the default pool, and whoever knows a queue's id.

const tag = 'Work queues'
const see = { in: 'workspace', scope: 'see_work_queues' } as const
const write = { in: 'workspace', scope: 'write_work_queues' } as const
const manage = { in: 'workspace', scope: 'manage_work_queues' } as const
const byId = z.object({ id: uuid })

const create = route({
  method: 'POST',
  path: '/work_queues/',
  permission: write,
  summary: 'Create a work queue in the default pool',
  tag,
  body: newQueueBody,
  success: { 201: workQueueAnswer },
  errors: [409],
  handle: async ({ ctx, body, services }) => {
    const row = await createQueueInDefaultPool(ctx, services.engine, newQueueOf(body))
    return { status: 201, rawJson: workQueueJson(row) }
  },
})

const read = route({
  method: 'GET',
  path: '/work_queues/{id}',
  permission: see,
  summary: 'Read a work queue',
  tag,
  params: byId,
  success: { 200: workQueueAnswer },
  handle: async ({ ctx, params }) => ({
    status: 200,
    rawJson: workQueueJson(await readWorkQueue(ctx, params)),
  }),
})

const readByName = route({
  method: 'GET',
  path: '/work_queues/name/{name}',
  permission: see,
  summary: 'Read a work queue of the default pool by its name',
  tag,
  params: z.object({ name: z.string().max(500) }),
  success: { 200: workQueueAnswer },
  errors: [404],
  handle: async ({ ctx, params }) => {
    const row = await readWorkQueue(ctx, { poolName: DEFAULT_POOL_NAME, ...params }).catch(
      (error: unknown) => {
        // The default pool is made on demand: without it there is no such queue, and the pool is not what was asked for.
        throw error instanceof Problem && error.code === 'not-found' ? new NotFound('Work queue') : error
      },
    )
    return { status: 200, rawJson: workQueueJson(row) }
  },
})

const update = route({
  method: 'PATCH',
  path: '/work_queues/{id}',
  permission: write,
  summary: 'Change a work queue',
  tag,
  params: byId,
  body: queueChangesBody,
  nulls: 'keep',
  success: { 204: null },
  errors: [409],
  handle: async ({ ctx, params, body, services }) => {
    await updateWorkQueue(ctx, services.engine, params, queueChangesOf(body))
    return { status: 204 }
  },
})

const remove = route({
  method: 'DELETE',
  path: '/work_queues/{id}',
  permission: manage,
  summary: 'Delete a work queue',
  tag,
  params: byId,
  success: { 204: null },
  errors: [409],
  handle: async ({ ctx, params, services }) => {
    await deleteWorkQueue(ctx, services.engine, params)
    return { status: 204 }
  },
})

const filter = route({
  method: 'POST',
  path: '/work_queues/filter',
  permission: see,
  summary: 'List work queues of all pools',
  tag,
  body: z.object({ work_queues: workQueueListFilter.optional(), limit, offset }),
  bodyOptional: true,
  success: { 200: z.array(workQueueAnswer) },
  handle: async ({ ctx, body }) => {
    const rows = await listWorkQueues(ctx, {
      poolName: null,
      filter: body.work_queues ?? null,
      limit: limitOf(body.limit),
      offset: body.offset,
    })
    return { status: 200, rawJson: `[${rows.map(workQueueJson).join(',')}]` }
  },
})

const paginate = route({
  method: 'POST',
  path: '/work_queues/paginate',
  permission: see,
  summary: 'List work queues of all pools, page by page',
  tag,
  body: z.object({ work_queues: workQueueListFilter.optional(), page, limit }),
  bodyOptional: true,
  success: { 200: pageOf(workQueueAnswer) },
  handle: async ({ ctx, body }) => {
    const rows = limitOf(body.limit)
    const asked = { poolName: null, filter: body.work_queues ?? null }
    const [found, count] = await Promise.all([
      listWorkQueues(ctx, { ...asked, limit: rows, offset: (body.page - 1) * rows }),
      countWorkQueues(ctx, asked),
    ])
    return { status: 200, rawJson: pageJson(found.map(workQueueJson), count, body.page, rows) }
  },
})

const concurrency = route({
  method: 'POST',
  path: '/work_queues/{id}/concurrency_status',
  permission: see,
  summary: 'Who takes the slots of a work queue',
  tag,
  params: byId,
  body: z.object({ page, limit }),
  bodyOptional: true,
  success: { 200: queueConcurrencyAnswer },
  handle: async ({ ctx, params, body, services }) => {
    const rows = limitOf(body.limit)
    const slots = await readQueueConcurrency(ctx, params, { limit: rows, offset: (body.page - 1) * rows })
    const now = services.nowMicros()
    return {
      status: 200,
      json: {
        active_slots: slots.activeSlots,
        concurrency_limit: slots.concurrencyLimit,
        flow_runs: slots.holders.map((holder) => slotOf(holder, now)),
        count: slots.activeSlots,
        limit: rows,
        pages: rows === 0 ? 0 : Math.ceil(slots.activeSlots / rows),
        page: body.page,
      },
    }
  },
})

const health = route({
  method: 'GET',
  path: '/work_queues/{id}/status',
  permission: see,
  summary: 'Whether a work queue is served in time',
  tag,
  params: byId,
  success: { 200: queueHealthAnswer },
  handle: async ({ ctx, params }) => {
    const { queue, lateRuns, isHealthy } = await readQueueHealth(ctx, params)
    return {
      status: 200,
      json: {
        healthy: isHealthy,
        late_runs_count: lateRuns,
        last_polled: queue.lastPolledAt,
        health_check_policy: {
          maximum_late_runs: 0,
          maximum_seconds_since_last_polled: POLLED_LATELY_SECONDS,
        },
      },
    }
  },
})

const poll = route({
  method: 'POST',
  path: '/work_queues/{id}/get_runs',
  permission: see,
  summary: 'Runs of a work queue that are due, for an agent',
  tag,
  params: byId,
  body: z.object({ scheduled_before: instant.optional(), limit }),
  bodyOptional: true,
  success: { 200: z.array(flowRunAnswer) },
  handle: async ({ ctx, params, body, services }) => {
    const now = services.nowMicros()
    const runs = await pollWorkQueue(ctx, services.work.polls, {
      queueId: params.id,
      beforeMicros: body.scheduled_before ?? now,
      limit: limitOf(body.limit),
    })
    return { status: 200, rawJson: `[${runs.map((run) => flowRunJson(run, now)).join(',')}]` }
  },
})

export const workQueueRoutes = [
  create,
  filter,
  paginate,
  readByName,
  read,
  update,
  remove,
  concurrency,
  health,
  poll,
]
