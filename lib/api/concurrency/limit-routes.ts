import { z } from 'zod'
import { createConcurrencyLimit } from '../../control/concurrency-limits/create-concurrency-limit.ts'
import { deleteConcurrencyLimit } from '../../control/concurrency-limits/delete-concurrency-limit.ts'
import { evictHolder } from '../../control/concurrency-limits/evict-holder.ts'
import {
  countConcurrencyLimits,
  listConcurrencyLimits,
} from '../../control/concurrency-limits/list-concurrency-limits.ts'
import { listSlots } from '../../control/concurrency-limits/list-slots.ts'
import { listWaiters } from '../../control/concurrency-limits/list-waiters.ts'
import { readConcurrencyLimit } from '../../control/concurrency-limits/read-concurrency-limit.ts'
import { updateConcurrencyLimit } from '../../control/concurrency-limits/update-concurrency-limit.ts'
import { limit, limitOf, offset, page, pageJson, pageOf } from '../filters/paging.ts'
import { route } from '../route.ts'
import { objectName, uuid } from '../schemas.ts'
import { limitAnswer, limitWire, slotsAnswer, slotsWire, waiterAnswer, waiterWire } from './wire.ts'

const tag = 'Concurrency limits'
const see = { in: 'workspace', scope: 'see_concurrency_limits' } as const
const manage = { in: 'workspace', scope: 'manage_concurrency_limits' } as const

const byIdOrName = z.object({ id_or_name: z.string().max(1_000) })
const count = z
  .int()
  .min(0)
  .max(2 ** 31 - 1)
const decay = z.number().min(0).max(1_000_000)

const limitCreate = z.object({
  name: objectName,
  limit: count,
  active: z.boolean().default(true),
  slot_decay_per_second: decay.default(0),
  active_slots: count.default(0),
  denied_slots: count.default(0),
})

const create = route({
  method: 'POST',
  path: '/v2/concurrency_limits/',
  permission: manage,
  summary: 'Create a concurrency limit',
  tag,
  body: limitCreate,
  success: { 201: limitAnswer },
  errors: [409],
  handle: async ({ ctx, body, services }) => {
    const row = await createConcurrencyLimit(ctx, services.engine, {
      name: body.name,
      slotLimit: body.limit,
      active: body.active,
      slotDecayPerSecond: body.slot_decay_per_second,
      activeSlots: body.active_slots,
      deniedSlots: body.denied_slots,
    })
    return { status: 201, json: limitWire(row) }
  },
})

const filter = route({
  method: 'POST',
  path: '/v2/concurrency_limits/filter',
  permission: see,
  summary: 'List concurrency limits, by name',
  tag,
  body: z.object({ limit, offset }),
  bodyOptional: true,
  success: { 200: z.array(limitAnswer) },
  handle: async ({ ctx, body }) => {
    const rows = await listConcurrencyLimits(ctx, { limit: limitOf(body.limit), offset: body.offset })
    return { status: 200, json: rows.map(limitWire) }
  },
})

const paginate = route({
  method: 'POST',
  path: '/v2/concurrency_limits/paginate',
  permission: see,
  summary: 'List concurrency limits, a page at a time',
  tag,
  body: z.object({ limit, page }),
  bodyOptional: true,
  success: { 200: pageOf(limitAnswer) },
  handle: async ({ ctx, body }) => {
    const size = limitOf(body.limit)
    const [rows, all] = await Promise.all([
      listConcurrencyLimits(ctx, { limit: size, offset: (body.page - 1) * size }),
      countConcurrencyLimits(ctx),
    ])
    const results = rows.map((row) => JSON.stringify(limitWire(row)))
    return { status: 200, rawJson: pageJson(results, all, body.page, size) }
  },
})

const read = route({
  method: 'GET',
  path: '/v2/concurrency_limits/{id_or_name}',
  permission: see,
  summary: 'Read a concurrency limit by its id or name',
  tag,
  params: byIdOrName,
  success: { 200: limitAnswer },
  errors: [404],
  handle: async ({ ctx, params }) => ({
    status: 200,
    json: limitWire(await readConcurrencyLimit(ctx, { idOrName: params.id_or_name })),
  }),
})

const limitChanges = z.object({
  name: objectName.nullish(),
  limit: count.nullish(),
  active: z.boolean().nullish(),
  slot_decay_per_second: decay.nullish(),
  active_slots: count
    .nullish()
    .meta({ description: 'So many slots are out from now on; what no lease holds is yours.' }),
  denied_slots: count.nullish(),
})

/** A limit has each of these always: null leaves it as it is. */
const changesOf = (body: z.output<typeof limitChanges>) => ({
  name: body.name ?? undefined,
  slotLimit: body.limit ?? undefined,
  active: body.active ?? undefined,
  slotDecayPerSecond: body.slot_decay_per_second ?? undefined,
  activeSlots: body.active_slots ?? undefined,
  deniedSlots: body.denied_slots ?? undefined,
})

const update = route({
  method: 'PATCH',
  path: '/v2/concurrency_limits/{id_or_name}',
  permission: manage,
  summary: 'Change a concurrency limit',
  tag,
  params: byIdOrName,
  body: limitChanges,
  success: { 204: null },
  errors: [404, 409],
  handle: async ({ ctx, params, body, services }) => {
    await updateConcurrencyLimit(ctx, services.engine, { idOrName: params.id_or_name }, changesOf(body))
    return { status: 204 }
  },
})

const remove = route({
  method: 'DELETE',
  path: '/v2/concurrency_limits/{id_or_name}',
  permission: manage,
  summary: 'Delete a concurrency limit',
  tag,
  params: byIdOrName,
  success: { 204: null },
  errors: [404],
  handle: async ({ ctx, params, services }) => {
    await deleteConcurrencyLimit(ctx, services.engine, { idOrName: params.id_or_name })
    return { status: 204 }
  },
})

const pageQuery = z.object({
  limit: z.coerce.number().int().min(0).max(200).default(200),
  offset: z.coerce
    .number()
    .int()
    .min(0)
    .max(2 ** 31 - 1)
    .default(0),
})

const slots = route({
  method: 'GET',
  path: '/v2/concurrency_limits/{id_or_name}/slots',
  permission: see,
  summary: 'List who holds slots of a limit, since when and until when',
  tag,
  params: byIdOrName,
  query: pageQuery,
  success: { 200: z.array(slotsAnswer) },
  errors: [404],
  handle: async ({ ctx, params, query }) => {
    const held = await listSlots(ctx, { idOrName: params.id_or_name }, query)
    return { status: 200, json: held.map(slotsWire) }
  },
})

const waiters = route({
  method: 'GET',
  path: '/v2/concurrency_limits/{id_or_name}/waiters',
  permission: see,
  summary: 'List who waits for slots of a limit, on all replicas, the longest waiting first',
  tag,
  params: byIdOrName,
  query: pageQuery,
  success: { 200: z.array(waiterAnswer) },
  errors: [404],
  handle: async ({ ctx, params, query }) => {
    const line = await listWaiters(ctx, { idOrName: params.id_or_name }, query)
    return { status: 200, json: line.map(waiterWire) }
  },
})

const evict = route({
  method: 'DELETE',
  path: '/v2/concurrency_limits/{id_or_name}/slots/{lease_id}',
  permission: manage,
  summary: 'Take slots away from their holder',
  tag,
  params: byIdOrName.extend({ lease_id: uuid }),
  success: { 204: null },
  handle: async ({ ctx, params, services }) => {
    await evictHolder(ctx, services.engine, { idOrName: params.id_or_name }, params.lease_id)
    return { status: 204 }
  },
})

export const limitRoutes = [create, filter, paginate, read, update, remove, slots, waiters, evict]
