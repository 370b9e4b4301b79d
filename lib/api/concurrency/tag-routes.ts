import { z } from 'zod'
import { deleteConcurrencyLimit } from '../../control/concurrency-limits/delete-concurrency-limit.ts'
import { listConcurrencyLimits } from '../../control/concurrency-limits/list-concurrency-limits.ts'
import { readConcurrencyLimit } from '../../control/concurrency-limits/read-concurrency-limit.ts'
import { resetTagLimit } from '../../control/concurrency-limits/reset-tag-limit.ts'
import { saveTagLimit } from '../../control/concurrency-limits/save-tag-limit.ts'
import { tagLimitName, tagOf } from '../../control/concurrency-limits/tag-limits.ts'
import { NotFound } from '../../domain/problem.ts'
import { limit, limitOf, offset } from '../filters/paging.ts'
import { route } from '../route.ts'
import { uuid } from '../schemas.ts'
import { tagLimitAnswer, tagLimitWire } from './wire.ts'

/** Limits on tags, as clients have had them from the first: each is the limit `tag:{tag}`. */

const group = 'Concurrency limits'
const see = { in: 'workspace', scope: 'see_concurrency_limits' } as const
const manage = { in: 'workspace', scope: 'manage_concurrency_limits' } as const

const tagName = z.string().min(1).max(990)
const byId = z.object({ id: uuid })
const byTag = z.object({ tag: z.string().max(990) })

const save = route({
  method: 'POST',
  path: '/concurrency_limits/',
  permission: manage,
  summary: 'Create or change the limit of a tag',
  tag: group,
  body: z.object({
    tag: tagName,
    concurrency_limit: z
      .int()
      .min(0)
      .max(2 ** 31 - 1),
  }),
  success: { 201: tagLimitAnswer, 200: tagLimitAnswer },
  handle: async ({ ctx, body, services }) => {
    const { created, row } = await saveTagLimit(ctx, services.engine, {
      tag: body.tag,
      slotLimit: body.concurrency_limit,
    })
    return { status: created ? 201 : 200, json: tagLimitWire(row) }
  },
})

const filter = route({
  method: 'POST',
  path: '/concurrency_limits/filter',
  permission: see,
  summary: 'List limits of tags',
  tag: group,
  body: z.object({ limit, offset }),
  bodyOptional: true,
  success: { 200: z.array(tagLimitAnswer) },
  handle: async ({ ctx, body }) => {
    const rows = await listConcurrencyLimits(ctx, {
      onTags: true,
      limit: limitOf(body.limit),
      offset: body.offset,
    })
    return { status: 200, json: rows.map(tagLimitWire) }
  },
})

const readByTag = route({
  method: 'GET',
  path: '/concurrency_limits/tag/{tag}',
  permission: see,
  summary: 'Read the limit of a tag',
  tag: group,
  params: byTag,
  success: { 200: tagLimitAnswer },
  errors: [404],
  handle: async ({ ctx, params }) => ({
    status: 200,
    json: tagLimitWire(await readConcurrencyLimit(ctx, { name: tagLimitName(params.tag) })),
  }),
})

const removeByTag = route({
  method: 'DELETE',
  path: '/concurrency_limits/tag/{tag}',
  permission: manage,
  summary: 'Delete the limit of a tag',
  tag: group,
  params: byTag,
  // Clients of this family read a body.
  success: { 200: z.null() },
  errors: [404],
  handle: async ({ ctx, params, services }) => {
    await deleteConcurrencyLimit(ctx, services.engine, { name: tagLimitName(params.tag) })
    return { status: 200, json: null }
  },
})

const reset = route({
  method: 'POST',
  path: '/concurrency_limits/tag/{tag}/reset',
  permission: manage,
  summary: 'Give all slots of a tag back, or give them to certain task runs',
  tag: group,
  params: byTag,
  body: z.object({ slot_override: z.array(uuid).max(10_000).nullish() }),
  bodyOptional: true,
  success: { 200: z.null() },
  errors: [404],
  handle: async ({ ctx, params, body, services }) => {
    await resetTagLimit(ctx, services.engine, { tag: params.tag, taskRunIds: body.slot_override ?? [] })
    return { status: 200, json: null }
  },
})

const read = route({
  method: 'GET',
  path: '/concurrency_limits/{id}',
  permission: see,
  summary: 'Read the limit of a tag by its id',
  tag: group,
  params: byId,
  success: { 200: tagLimitAnswer },
  handle: async ({ ctx, params }) => {
    const row = await readConcurrencyLimit(ctx, params)
    if (tagOf(row.name) === null) throw new NotFound('Concurrency Limit')
    return { status: 200, json: tagLimitWire(row) }
  },
})

const remove = route({
  method: 'DELETE',
  path: '/concurrency_limits/{id}',
  permission: manage,
  summary: 'Delete the limit of a tag by its id',
  tag: group,
  params: byId,
  success: { 200: z.null() },
  handle: async ({ ctx, params, services }) => {
    const row = await readConcurrencyLimit(ctx, params)
    if (tagOf(row.name) === null) throw new NotFound('Concurrency Limit')
    await deleteConcurrencyLimit(ctx, services.engine, params)
    return { status: 200, json: null }
  },
})

export const tagLimitRoutes = [save, filter, readByTag, removeByTag, reset, read, remove]
