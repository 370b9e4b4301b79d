import { z } from 'zod'
import { createDeployment } from '../../control/deployments/create-deployment.ts'
import { deleteDeployment, deleteDeployments } from '../../control/deployments/delete-deployments.ts'
import {
  countDeployments,
  deploymentSorts,
  listDeployments,
} from '../../control/deployments/list-deployments.ts'
import { readDeployment, readDeploymentByName } from '../../control/deployments/read-deployment.ts'
import { updateDeployment } from '../../control/deployments/update-deployment.ts'
import { bulkLimit, limit, limitOf, MAX_BULK, offset, page, pageJson, pageOf } from '../filters/paging.ts'
import { deploymentFilter, runFilterParts, runFilters } from '../filters/run-filters.ts'
import { route } from '../route.ts'
import { objectName, uuid } from '../schemas.ts'
import { changesOf, deploymentUpdate } from './bodies.ts'
import { deploymentAnswer, deploymentJson } from './wire.ts'

const tag = 'Deployments'
const see = { in: 'workspace', scope: 'see_deployments' } as const
const write = { in: 'workspace', scope: 'write_deployments' } as const
const manage = { in: 'workspace', scope: 'manage_deployments' } as const
const byId = z.object({ id: uuid })
const sort = z.enum(deploymentSorts).default('NAME_ASC')

const create = route({
  method: 'POST',
  path: '/deployments/',
  permission: write,
  summary: 'Create a deployment, or change the one of that flow and name',
  tag,
  body: deploymentUpdate.extend({
    name: objectName,
    flow_id: uuid,
    branch: z.string().max(500).nullish(),
    base: uuid.nullish(),
    root: uuid.nullish(),
  }),
  success: { 201: deploymentAnswer, 200: deploymentAnswer },
  errors: [400, 404, 409],
  handle: async ({ ctx, body, rawBody, services }) => {
    const { created, row } = await createDeployment(ctx, services.engine, {
      ...changesOf(body, rawBody),
      flowId: body.flow_id,
      name: body.name,
      ...(body.branch ? { branch: body.branch } : {}),
      ...(body.base ? { base: body.base } : {}),
      ...(body.root ? { root: body.root } : {}),
    })
    return { status: created ? 201 : 200, rawJson: deploymentJson(row) }
  },
})

const update = route({
  method: 'PATCH',
  path: '/deployments/{id}',
  permission: write,
  summary: 'Change a deployment; what is absent is left as it is',
  tag,
  params: byId,
  body: deploymentUpdate,
  nulls: 'keep',
  success: { 204: null },
  errors: [400, 409],
  handle: async ({ ctx, params, body, rawBody, services }) => {
    await updateDeployment(ctx, services.engine, params.id, changesOf(body, rawBody))
    return { status: 204 }
  },
})

const read = route({
  method: 'GET',
  path: '/deployments/{id}',
  permission: see,
  summary: 'Read a deployment',
  tag,
  params: byId,
  success: { 200: deploymentAnswer },
  handle: async ({ ctx, params }) => ({
    status: 200,
    rawJson: deploymentJson(await readDeployment(ctx, params.id)),
  }),
})

const readByName = route({
  method: 'GET',
  path: '/deployments/name/{flow_name}/{deployment_name}',
  permission: see,
  summary: 'Read a deployment by the names of its flow and its own',
  tag,
  params: z.object({ flow_name: z.string().max(500), deployment_name: z.string().max(500) }),
  success: { 200: deploymentAnswer },
  errors: [404],
  handle: async ({ ctx, params }) => ({
    status: 200,
    rawJson: deploymentJson(
      await readDeploymentByName(ctx, { flow: params.flow_name, deployment: params.deployment_name }),
    ),
  }),
})

const remove = route({
  method: 'DELETE',
  path: '/deployments/{id}',
  permission: manage,
  summary: 'Delete a deployment with its schedules and scheduled runs',
  tag,
  params: byId,
  success: { 204: null },
  handle: async ({ ctx, params, services }) => {
    await deleteDeployment(ctx, services.engine, params.id)
    return { status: 204 }
  },
})

const filter = route({
  method: 'POST',
  path: '/deployments/filter',
  permission: see,
  summary: 'List deployments',
  tag,
  body: z.object({ ...runFilterParts, sort, limit, offset }),
  bodyOptional: true,
  success: { 200: z.array(deploymentAnswer) },
  handle: async ({ ctx, body }) => {
    const rows = await listDeployments(ctx, {
      filters: runFilters(body),
      sort: body.sort,
      offset: body.offset,
      limit: limitOf(body.limit),
    })
    return { status: 200, rawJson: `[${rows.map(deploymentJson).join(',')}]` }
  },
})

const count = route({
  method: 'POST',
  path: '/deployments/count',
  permission: see,
  summary: 'Count deployments',
  tag,
  body: z.object(runFilterParts),
  bodyOptional: true,
  success: { 200: z.int() },
  handle: async ({ ctx, body }) => ({ status: 200, json: await countDeployments(ctx, runFilters(body)) }),
})

const paginate = route({
  method: 'POST',
  path: '/deployments/paginate',
  permission: see,
  summary: 'List deployments page by page',
  tag,
  body: z.object({ ...runFilterParts, sort, limit, page }),
  bodyOptional: true,
  success: { 200: pageOf(deploymentAnswer) },
  handle: async ({ ctx, body }) => {
    const filters = runFilters(body)
    const rows = limitOf(body.limit)
    const [deployments, found] = await Promise.all([
      listDeployments(ctx, { filters, sort: body.sort, limit: rows, offset: (body.page - 1) * rows }),
      countDeployments(ctx, filters),
    ])
    return { status: 200, rawJson: pageJson(deployments.map(deploymentJson), found, body.page, rows) }
  },
})

const bulkDelete = route({
  method: 'POST',
  path: '/deployments/bulk_delete',
  permission: manage,
  summary: 'Delete the deployments that match',
  tag,
  body: z.object({ deployments: deploymentFilter, limit: bulkLimit }),
  success: { 200: z.object({ deleted: z.array(z.uuid()) }) },
  handle: async ({ ctx, body, services }) => ({
    status: 200,
    json: {
      deleted: await deleteDeployments(
        ctx,
        services.engine,
        { deployments: body.deployments },
        limitOf(body.limit, MAX_BULK),
      ),
    },
  }),
})

export const deploymentRoutes = [
  create,
  filter,
  count,
  paginate,
  bulkDelete,
  readByName,
  read,
  update,
  remove,
]
