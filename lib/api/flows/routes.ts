import { z } from 'zod'
import { createFlow } from '../../control/flows/create-flow.ts'
import { deleteFlow, deleteFlows } from '../../control/flows/delete-flows.ts'
import { countFlows, flowSorts, listFlows } from '../../control/flows/list-flows.ts'
import { readFlow } from '../../control/flows/read-flow.ts'
import { updateFlow } from '../../control/flows/update-flow.ts'
import { announceDeleted } from '../deleted.ts'
import { bulkLimit, limit, limitOf, MAX_BULK, offset, page, pageOf } from '../filters/paging.ts'
import { flowFilter, runFilterParts, runFilters } from '../filters/run-filters.ts'
import { route } from '../route.ts'
import { labels, objectName, tags, uuid } from '../schemas.ts'
import { flowAnswer, wireFlow } from './wire.ts'

const tag = 'Flows'
const see = { in: 'workspace', scope: 'see_flows' } as const
const act = { in: 'workspace', scope: 'run_flows' } as const
const manage = { in: 'workspace', scope: 'manage_flows' } as const
const byId = z.object({ id: uuid })
const sort = z.enum(flowSorts).default('NAME_ASC')

const create = route({
  method: 'POST',
  path: '/flows/',
  permission: act,
  summary: 'Create a flow, or find the one of that name',
  tag,
  body: z.object({ name: objectName, tags: tags.default([]), labels: labels.default({}) }),
  success: { 201: flowAnswer, 200: flowAnswer },
  handle: async ({ ctx, body, services }) => {
    const { created, row } = await createFlow(ctx, services.engine, body)
    return { status: created ? 201 : 200, json: wireFlow(row) }
  },
})

const read = route({
  method: 'GET',
  path: '/flows/{id}',
  permission: see,
  summary: 'Read a flow',
  tag,
  params: byId,
  success: { 200: flowAnswer },
  handle: async ({ ctx, params }) => ({ status: 200, json: wireFlow(await readFlow(ctx, params)) }),
})

const readByName = route({
  method: 'GET',
  path: '/flows/name/{name}',
  permission: see,
  summary: 'Read a flow by its name',
  tag,
  params: z.object({ name: z.string().max(500) }),
  success: { 200: flowAnswer },
  errors: [404],
  handle: async ({ ctx, params }) => ({ status: 200, json: wireFlow(await readFlow(ctx, params)) }),
})

const update = route({
  method: 'PATCH',
  path: '/flows/{id}',
  permission: act,
  summary: 'Change the tags or labels of a flow',
  tag,
  params: byId,
  body: z.object({ tags: tags.nullish(), labels: labels.nullish() }),
  nulls: 'keep',
  success: { 204: null },
  handle: async ({ ctx, params, body, services }) => {
    await updateFlow(ctx, services.engine, {
      ...params,
      ...(body.tags ? { tags: body.tags } : {}),
      ...(body.labels ? { labels: body.labels } : {}),
    })
    return { status: 204 }
  },
})

const remove = route({
  method: 'DELETE',
  path: '/flows/{id}',
  permission: manage,
  summary: 'Delete a flow with its runs',
  tag,
  params: byId,
  success: { 204: null },
  handle: async (call) => {
    const { id } = call.params
    await deleteFlow(call.ctx, call.services.engine, id)
    announceDeleted(call, 'flow', [id])
    return { status: 204 }
  },
})

const filter = route({
  method: 'POST',
  path: '/flows/filter',
  permission: see,
  summary: 'List flows',
  tag,
  body: z.object({ ...runFilterParts, sort, limit, offset }),
  bodyOptional: true,
  success: { 200: z.array(flowAnswer) },
  handle: async ({ ctx, body }) => {
    const rows = await listFlows(ctx, {
      filters: runFilters(body),
      sort: body.sort,
      offset: body.offset,
      limit: limitOf(body.limit),
    })
    return { status: 200, json: rows.map(wireFlow) }
  },
})

const count = route({
  method: 'POST',
  path: '/flows/count',
  permission: see,
  summary: 'Count flows',
  tag,
  body: z.object(runFilterParts),
  bodyOptional: true,
  success: { 200: z.int() },
  handle: async ({ ctx, body }) => ({ status: 200, json: await countFlows(ctx, runFilters(body)) }),
})

const paginate = route({
  method: 'POST',
  path: '/flows/paginate',
  permission: see,
  summary: 'List flows page by page',
  tag,
  body: z.object({ ...runFilterParts, sort, limit, page }),
  bodyOptional: true,
  success: { 200: pageOf(flowAnswer) },
  handle: async ({ ctx, body }) => {
    const filters = runFilters(body)
    const rows = limitOf(body.limit)
    const [flows, found] = await Promise.all([
      listFlows(ctx, { filters, sort: body.sort, limit: rows, offset: (body.page - 1) * rows }),
      countFlows(ctx, filters),
    ])
    return {
      status: 200,
      json: {
        results: flows.map(wireFlow),
        count: found,
        limit: rows,
        pages: rows === 0 ? 0 : Math.ceil(found / rows),
        page: body.page,
      },
    }
  },
})

const bulkDelete = route({
  method: 'POST',
  path: '/flows/bulk_delete',
  permission: manage,
  summary: 'Delete the flows that match, with their runs',
  tag,
  body: z.object({ flows: flowFilter, limit: bulkLimit }),
  success: { 200: z.object({ deleted: z.array(z.uuid()) }) },
  handle: async (call) => {
    const { ctx, body, services } = call
    const filters = { flows: body.flows }
    const deleted = await deleteFlows(ctx, services.engine, filters, limitOf(body.limit, MAX_BULK))
    announceDeleted(call, 'flow', deleted)
    return { status: 200, json: { deleted } }
  },
})

export const flowRoutes = [create, filter, count, paginate, bulkDelete, readByName, read, update, remove]
