import { z } from 'zod'
import { createWorkQueue } from '../../control/work-queues/create-work-queue.ts'
import { deleteWorkQueue } from '../../control/work-queues/delete-work-queue.ts'
import { countWorkQueues, listWorkQueues } from '../../control/work-queues/list-work-queues.ts'
import { readWorkQueue } from '../../control/work-queues/read-work-queue.ts'
import { updateWorkQueue } from '../../control/work-queues/update-work-queue.ts'
import { limit, limitOf, offset, page, pageJson, pageOf } from '../filters/paging.ts'
import { workQueueListFilter } from '../filters/work-filters.ts'
import { route } from '../route.ts'
import { newQueueBody, newQueueOf, queueChangesBody, queueChangesOf } from './bodies.ts'
import { workQueueAnswer, workQueueJson } from './wire.ts'

const tag = 'Work queues'
const see = { in: 'workspace', scope: 'see_work_queues' } as const
const write = { in: 'workspace', scope: 'write_work_queues' } as const
const manage = { in: 'workspace', scope: 'manage_work_queues' } as const
const ofPool = z.object({ work_pool_name: z.string().max(500) })
const byName = ofPool.extend({ name: z.string().max(500) })
const which = (params: z.output<typeof byName>) => ({ poolName: params.work_pool_name, name: params.name })

const create = route({
  method: 'POST',
  path: '/work_pools/{work_pool_name}/queues',
  permission: write,
  summary: 'Create a work queue in a pool',
  tag,
  params: ofPool,
  body: newQueueBody,
  success: { 201: workQueueAnswer },
  errors: [404, 409],
  handle: async ({ ctx, params, body, services }) => {
    const row = await createWorkQueue(ctx, services.engine, params.work_pool_name, newQueueOf(body))
    return { status: 201, rawJson: workQueueJson(row) }
  },
})

const read = route({
  method: 'GET',
  path: '/work_pools/{work_pool_name}/queues/{name}',
  permission: see,
  summary: 'Read a work queue of a pool',
  tag,
  params: byName,
  success: { 200: workQueueAnswer },
  errors: [404],
  handle: async ({ ctx, params }) => ({
    status: 200,
    rawJson: workQueueJson(await readWorkQueue(ctx, which(params))),
  }),
})

const update = route({
  method: 'PATCH',
  path: '/work_pools/{work_pool_name}/queues/{name}',
  permission: write,
  summary: 'Change a work queue of a pool',
  tag,
  params: byName,
  body: queueChangesBody,
  nulls: 'keep',
  success: { 204: null },
  errors: [404, 409],
  handle: async ({ ctx, params, body, services }) => {
    await updateWorkQueue(ctx, services.engine, which(params), queueChangesOf(body))
    return { status: 204 }
  },
})

const remove = route({
  method: 'DELETE',
  path: '/work_pools/{work_pool_name}/queues/{name}',
  permission: manage,
  summary: 'Delete a work queue of a pool',
  tag,
  params: byName,
  success: { 204: null },
  errors: [404, 409],
  handle: async ({ ctx, params, services }) => {
    await deleteWorkQueue(ctx, services.engine, which(params))
    return { status: 204 }
  },
})

const filter = route({
  method: 'POST',
  path: '/work_pools/{work_pool_name}/queues/filter',
  permission: see,
  summary: 'List the work queues of a pool',
  tag,
  params: ofPool,
  body: z.object({ work_queues: workQueueListFilter.optional(), limit, offset }),
  bodyOptional: true,
  success: { 200: z.array(workQueueAnswer) },
  errors: [404],
  handle: async ({ ctx, params, body }) => {
    const rows = await listWorkQueues(ctx, {
      poolName: params.work_pool_name,
      filter: body.work_queues ?? null,
      limit: limitOf(body.limit),
      offset: body.offset,
    })
    return { status: 200, rawJson: `[${rows.map(workQueueJson).join(',')}]` }
  },
})

const paginate = route({
  method: 'POST',
  path: '/work_pools/{work_pool_name}/queues/paginate',
  permission: see,
  summary: 'List the work queues of a pool, page by page',
  tag,
  params: ofPool,
  body: z.object({ work_queues: workQueueListFilter.optional(), page, limit }),
  bodyOptional: true,
  success: { 200: pageOf(workQueueAnswer) },
  errors: [404],
  handle: async ({ ctx, params, body }) => {
    const rows = limitOf(body.limit)
    const asked = { poolName: params.work_pool_name, filter: body.work_queues ?? null }
    const [found, count] = await Promise.all([
      listWorkQueues(ctx, { ...asked, limit: rows, offset: (body.page - 1) * rows }),
      countWorkQueues(ctx, asked),
    ])
    return { status: 200, rawJson: pageJson(found.map(workQueueJson), count, body.page, rows) }
  },
})

export const poolQueueRoutes = [create, filter, paginate, read, update, remove]
