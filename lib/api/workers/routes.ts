import { z } from 'zod'
import { creatorOf } from '../../control/creator.ts'
import { requireStorable } from '../../control/storable-json.ts'
import { deleteWorker } from '../../control/workers/delete-worker.ts'
import { countWorkers, listWorkers, readWorker, workerSorts } from '../../control/workers/list-workers.ts'
import { rawMember } from '../../domain/raw-json.ts'
import { limit, limitOf, offset, page, pageJson, pageOf } from '../filters/paging.ts'
import { workerFilter } from '../filters/work-filters.ts'
import { route } from '../route.ts'
import { jsonObject, objectName, uuid } from '../schemas.ts'
import { workerAnswer, workerJson } from './wire.ts'

const tag = 'Workers'
const see = { in: 'workspace', scope: 'see_workers' } as const
const write = { in: 'workspace', scope: 'write_workers' } as const
const manage = { in: 'workspace', scope: 'manage_workers' } as const
const ofPool = z.object({ work_pool_name: z.string().max(500) })

const heartbeat = route({
  method: 'POST',
  path: '/work_pools/{work_pool_name}/workers/heartbeat',
  permission: write,
  summary: 'Say that a worker is alive; the first beat makes it',
  tag,
  params: ofPool,
  body: z.object({
    name: objectName,
    heartbeat_interval_seconds: z.int().min(0).max(2_147_483_647).optional(),
    /** Answer 200 with the worker's id as plain text. */
    return_id: z.boolean().default(false),
    metadata: jsonObject.optional(),
  }),
  success: { 200: null, 204: null },
  errors: [404],
  handle: async ({ ctx, params, body, rawBody, client, services }) => {
    const metadata = body.metadata ? rawMember(rawBody, 'metadata') : undefined
    requireStorable(metadata, 'The metadata of a worker')
    const id = await services.work.presence.beat({
      workspaceId: ctx.workspaceId,
      poolName: params.work_pool_name,
      name: body.name,
      heartbeatIntervalSeconds: body.heartbeat_interval_seconds ?? null,
      clientVersion: client.clientVersion,
      metadata: metadata ?? null,
      createdBy: creatorOf(ctx.actor),
    })
    return body.return_id
      ? { status: 200, body: id, headers: { 'content-type': 'text/plain; charset=utf-8' } }
      : { status: 204 }
  },
})

const filter = route({
  method: 'POST',
  path: '/work_pools/{work_pool_name}/workers/filter',
  permission: see,
  summary: 'List the workers of a pool',
  tag,
  params: ofPool,
  body: z.object({
    workers: workerFilter.optional(),
    sort: z.enum(workerSorts).default('LAST_HEARTBEAT_DESC'),
    limit,
    offset,
  }),
  bodyOptional: true,
  success: { 200: z.array(workerAnswer) },
  errors: [404],
  handle: async ({ ctx, params, body }) => {
    const rows = await listWorkers(ctx, {
      poolName: params.work_pool_name,
      filter: body.workers ?? null,
      sort: body.sort,
      limit: limitOf(body.limit),
      offset: body.offset,
    })
    return { status: 200, rawJson: `[${rows.map(workerJson).join(',')}]` }
  },
})

const paginate = route({
  method: 'POST',
  path: '/work_pools/{work_pool_name}/workers/paginate',
  permission: see,
  summary: 'List the workers of a pool, page by page',
  tag,
  params: ofPool,
  body: z.object({
    workers: workerFilter.optional(),
    sort: z.enum(workerSorts).default('LAST_HEARTBEAT_DESC'),
    page,
    limit,
  }),
  bodyOptional: true,
  success: { 200: pageOf(workerAnswer) },
  errors: [404],
  handle: async ({ ctx, params, body }) => {
    const rows = limitOf(body.limit)
    const asked = { poolName: params.work_pool_name, filter: body.workers ?? null }
    const [found, count] = await Promise.all([
      listWorkers(ctx, { ...asked, sort: body.sort, limit: rows, offset: (body.page - 1) * rows }),
      countWorkers(ctx, asked),
    ])
    return { status: 200, rawJson: pageJson(found.map(workerJson), count, body.page, rows) }
  },
})

const read = route({
  method: 'GET',
  path: '/work_pools/{work_pool_name}/workers/{worker_id}',
  permission: see,
  summary: 'Read a worker',
  tag,
  params: ofPool.extend({ worker_id: uuid }),
  success: { 200: workerAnswer },
  errors: [404],
  handle: async ({ ctx, params }) => ({
    status: 200,
    rawJson: workerJson(await readWorker(ctx, params.work_pool_name, params.worker_id)),
  }),
})

const remove = route({
  method: 'DELETE',
  path: '/work_pools/{work_pool_name}/workers/{name}',
  permission: manage,
  summary: 'Forget a worker',
  tag,
  params: ofPool.extend({ name: z.string().max(500) }),
  success: { 204: null },
  errors: [404],
  handle: async ({ ctx, params, services }) => {
    await deleteWorker(ctx, services, params.work_pool_name, params.name)
    return { status: 204 }
  },
})

export const workerRoutes = [heartbeat, filter, paginate, read, remove]
