import { z } from 'zod'
import { createWorkPool } from '../../control/work-pools/create-work-pool.ts'
import { deleteWorkPool } from '../../control/work-pools/delete-work-pool.ts'
import { countWorkPools, listWorkPools, workPoolSorts } from '../../control/work-pools/list-work-pools.ts'
import { pollWorkPool } from '../../control/work-pools/poll-work-pool.ts'
import { readPoolConcurrency } from '../../control/work-pools/read-concurrency.ts'
import { readWorkPool } from '../../control/work-pools/read-work-pool.ts'
import { updateWorkPool } from '../../control/work-pools/update-work-pool.ts'
import { rawMember } from '../../domain/raw-json.ts'
import type { RawJson } from '../../domain/state.ts'
import { AGENT_POOL_TYPE } from '../../domain/work/status.ts'
import type { DueRun } from '../../engine/due-reads.ts'
import { limit, limitOf, MAX_LIMIT, offset, page, pageJson, pageOf } from '../filters/paging.ts'
import { workPoolListFilter } from '../filters/work-filters.ts'
import { flowRunAnswer } from '../flow-runs/responses.ts'
import { flowRunJson } from '../flow-runs/wire.ts'
import { route } from '../route.ts'
import { instant, jsonObject, objectName, uuid } from '../schemas.ts'
import { poolConcurrencyAnswer, slotOf, workPoolAnswer, workPoolJson } from './wire.ts'

const tag = 'Work pools'
const see = { in: 'workspace', scope: 'see_work_pools' } as const
const write = { in: 'workspace', scope: 'write_work_pools' } as const
const manage = { in: 'workspace', scope: 'manage_work_pools' } as const
const byName = z.object({ name: z.string().max(500) })
const EMPTY = '{}' as RawJson

/** How many runs at once; 32 bits, as clients read it. */
export const concurrencyLimit = z.int().min(0).max(2_147_483_647)
const description = z.string().max(100_000)

const storageConfiguration = z.object({
  bundle_upload_step: jsonObject.nullish(),
  bundle_execution_step: jsonObject.nullish(),
  default_result_storage_block_id: uuid.nullish(),
})

const create = route({
  method: 'POST',
  path: '/work_pools/',
  permission: write,
  summary: 'Create a work pool',
  tag,
  body: z.object({
    name: objectName,
    type: z.string().min(1).max(200).default(AGENT_POOL_TYPE),
    description: description.optional(),
    base_job_template: jsonObject.optional(),
    is_paused: z.boolean().default(false),
    concurrency_limit: concurrencyLimit.optional(),
    storage_configuration: storageConfiguration.default({}),
  }),
  success: { 201: workPoolAnswer },
  errors: [409],
  handle: async ({ ctx, body, rawBody, client, services }) => {
    const row = await createWorkPool(ctx, services.engine, {
      name: body.name,
      type: body.type,
      description: body.description ?? null,
      baseJobTemplate: (body.base_job_template && rawMember(rawBody, 'base_job_template')) ?? EMPTY,
      isPaused: body.is_paused,
      concurrencyLimit: body.concurrency_limit ?? null,
      storageConfiguration: body.storage_configuration,
    })
    return { status: 201, rawJson: workPoolJson(row, { client }) }
  },
})

const read = route({
  method: 'GET',
  path: '/work_pools/{name}',
  permission: see,
  summary: 'Read a work pool',
  tag,
  params: byName,
  success: { 200: workPoolAnswer },
  errors: [404],
  handle: async ({ ctx, params, client }) => ({
    status: 200,
    rawJson: workPoolJson(await readWorkPool(ctx, params.name), { client }),
  }),
})

const update = route({
  method: 'PATCH',
  path: '/work_pools/{name}',
  permission: write,
  summary: 'Change a work pool',
  tag,
  params: byName,
  body: z.object({
    description: description.nullish(),
    is_paused: z.boolean().nullish(),
    base_job_template: jsonObject.nullish(),
    concurrency_limit: concurrencyLimit.nullish(),
    storage_configuration: storageConfiguration.nullish(),
  }),
  nulls: 'keep',
  success: { 204: null },
  errors: [404],
  handle: async ({ ctx, params, body, rawBody, services }) => {
    const template = body.base_job_template ? rawMember(rawBody, 'base_job_template') : undefined
    await updateWorkPool(ctx, services.engine, params.name, {
      ...(body.description === undefined ? {} : { description: body.description }),
      ...(typeof body.is_paused === 'boolean' ? { isPaused: body.is_paused } : {}),
      ...(template === undefined ? {} : { baseJobTemplate: template }),
      ...(body.concurrency_limit === undefined ? {} : { concurrencyLimit: body.concurrency_limit }),
      ...(body.storage_configuration ? { storageConfiguration: body.storage_configuration } : {}),
    })
    return { status: 204 }
  },
})

const remove = route({
  method: 'DELETE',
  path: '/work_pools/{name}',
  permission: manage,
  summary: 'Delete a work pool, its queues and workers',
  tag,
  params: byName,
  success: { 204: null },
  errors: [404],
  handle: async ({ ctx, params, services }) => {
    await deleteWorkPool(ctx, services.engine, params.name)
    return { status: 204 }
  },
})

const filter = route({
  method: 'POST',
  path: '/work_pools/filter',
  permission: see,
  summary: 'List work pools',
  tag,
  body: z.object({
    work_pools: workPoolListFilter.optional(),
    sort: z.enum(workPoolSorts).default('NAME_ASC'),
    exclude_base_job_template: z.boolean().default(false),
    limit,
    offset,
  }),
  bodyOptional: true,
  success: { 200: z.array(workPoolAnswer) },
  handle: async ({ ctx, body, client }) => {
    const rows = await listWorkPools(ctx, {
      filter: body.work_pools ?? null,
      sort: body.sort,
      limit: limitOf(body.limit),
      offset: body.offset,
    })
    const view = { client, withTemplate: !body.exclude_base_job_template }
    return { status: 200, rawJson: `[${rows.map((row) => workPoolJson(row, view)).join(',')}]` }
  },
})

const paginate = route({
  method: 'POST',
  path: '/work_pools/paginate',
  permission: see,
  summary: 'List work pools, page by page',
  tag,
  body: z.object({
    work_pools: workPoolListFilter.optional(),
    sort: z.enum(workPoolSorts).default('NAME_ASC'),
    include_base_job_template: z.boolean().default(true),
    page,
    limit,
  }),
  bodyOptional: true,
  success: { 200: pageOf(workPoolAnswer) },
  handle: async ({ ctx, body, client }) => {
    const rows = limitOf(body.limit)
    const [found, count] = await Promise.all([
      listWorkPools(ctx, {
        filter: body.work_pools ?? null,
        sort: body.sort,
        limit: rows,
        offset: (body.page - 1) * rows,
      }),
      countWorkPools(ctx, body.work_pools ?? null),
    ])
    const view = { client, withTemplate: body.include_base_job_template }
    return {
      status: 200,
      rawJson: pageJson(
        found.map((row) => workPoolJson(row, view)),
        count,
        body.page,
        rows,
      ),
    }
  },
})

const count = route({
  method: 'POST',
  path: '/work_pools/count',
  permission: see,
  summary: 'Count work pools',
  tag,
  body: z.object({ work_pools: workPoolListFilter.optional() }),
  bodyOptional: true,
  success: { 200: z.int() },
  handle: async ({ ctx, body }) => ({
    status: 200,
    json: await countWorkPools(ctx, body.work_pools ?? null),
  }),
})

const concurrency = route({
  method: 'POST',
  path: '/work_pools/{name}/concurrency_status',
  permission: see,
  summary: 'Who takes the slots of a work pool',
  tag,
  params: byName,
  body: z.object({ page, limit, flow_run_limit: z.int().min(0).max(MAX_LIMIT).default(10) }),
  bodyOptional: true,
  success: { 200: poolConcurrencyAnswer },
  errors: [404],
  handle: async ({ ctx, params, body, services }) => {
    const rows = limitOf(body.limit)
    const slots = await readPoolConcurrency(ctx, params.name, {
      limit: rows,
      offset: (body.page - 1) * rows,
      holdersPerQueue: body.flow_run_limit,
    })
    const now = services.nowMicros()
    return {
      status: 200,
      json: {
        active_slots: slots.activeSlots,
        concurrency_limit: slots.concurrencyLimit,
        queues: slots.queues.map((queue) => ({
          queue_id: queue.id,
          queue_name: queue.name,
          active_slots: queue.activeSlots,
          concurrency_limit: queue.concurrencyLimit,
          flow_runs: queue.holders.map((holder) => slotOf(holder, now)),
          flow_run_count: queue.activeSlots,
        })),
        pool_slots: slots.holders.map((holder) => slotOf(holder, now)),
        count: slots.queueCount,
        limit: rows,
        pages: rows === 0 ? 0 : Math.ceil(slots.queueCount / rows),
        page: body.page,
      },
    }
  },
})

/** Texts of lists that several polls share; most of what a poll with work costs is making them. */
const texts = new WeakMap<readonly DueRun[], string>()

function dueRunsJson(due: readonly DueRun[], nowMicros: number): string {
  if (due.length === 0) return '[]'
  let text = texts.get(due)
  if (text === undefined) {
    const items = due.map(
      ({ workPoolId, workQueueId, run }) =>
        `{"work_pool_id":"${workPoolId}","work_queue_id":"${workQueueId}","flow_run":${flowRunJson(run, nowMicros)}}`,
    )
    text = `[${items.join(',')}]`
    texts.set(due, text)
  }
  return text
}

const poll = route({
  method: 'POST',
  path: '/work_pools/{name}/get_scheduled_flow_runs',
  permission: { in: 'workspace', scope: 'see_work_queues' },
  summary: 'Runs of a work pool that are due, for a worker',
  tag,
  params: byName,
  body: z.object({
    work_queue_names: z.array(z.string().max(500)).max(1_000).optional(),
    scheduled_before: instant.optional(),
    scheduled_after: instant.optional(),
    limit,
  }),
  bodyOptional: true,
  success: {
    200: z.array(z.object({ work_pool_id: z.uuid(), work_queue_id: z.uuid(), flow_run: flowRunAnswer })),
  },
  errors: [404],
  handle: async ({ ctx, params, body, services }) => {
    const now = services.nowMicros()
    const due = await pollWorkPool(ctx, services.work.polls, {
      poolName: params.name,
      // Clients send an empty list for "all".
      queueNames: body.work_queue_names?.length ? body.work_queue_names : null,
      beforeMicros: body.scheduled_before ?? now,
      afterMicros: body.scheduled_after ?? null,
      limit: limitOf(body.limit),
      // A client's headers name its version, and not the worker: one with a command of its own, or a class of its own, runs anything.
      runs: 'any',
    })
    return { status: 200, rawJson: dueRunsJson(due, now) }
  },
})

export const workPoolRoutes = [create, filter, paginate, count, read, update, remove, concurrency, poll]
