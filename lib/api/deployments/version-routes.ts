import { z } from 'zod'
import { deleteVersion } from '../../control/deployment-versions/delete-version.ts'
import { diffVersions } from '../../control/deployment-versions/diff-versions.ts'
import { listVersions } from '../../control/deployment-versions/list-versions.ts'
import { promote } from '../../control/deployment-versions/promote.ts'
import { readVersion } from '../../control/deployment-versions/read-version.ts'
import { rollBack } from '../../control/deployment-versions/roll-back.ts'
import { branchDeployment } from '../../control/deployments/branch-deployment.ts'
import { versionedColumns } from '../../control/deployments/write-version.ts'
import type { VersionRow } from '../../db/rows/deployment-version.ts'
import { type Lossless, writeLossless } from '../../domain/lossless-json.ts'
import { rawMember } from '../../domain/raw-json.ts'
import { limit, limitOf, page, pageJson, pageOf } from '../filters/paging.ts'
import { route } from '../route.ts'
import { uuid } from '../schemas.ts'
import { changesOf, deploymentUpdate } from './bodies.ts'
import { deploymentAnswer, deploymentJson } from './wire.ts'

const tag = 'Deployments'
const see = { in: 'workspace', scope: 'see_deployments' } as const
const write = { in: 'workspace', scope: 'write_deployments' } as const
const manage = { in: 'workspace', scope: 'manage_deployments' } as const
const byId = z.object({ id: uuid })
const byVersion = z.object({ id: uuid, version_id: uuid })
const object = z.record(z.string(), z.unknown())

const versionAnswer = z
  .object({
    id: z.uuid(),
    created: z.iso.datetime(),
    updated: z.iso.datetime(),
    deployment_id: z.uuid(),
    number: z.int(),
    is_current: z.boolean(),
    version: z.string().nullable(),
    version_info: object,
    description: z.string().nullable(),
    tags: z.array(z.string()),
    labels: object,
    entrypoint: z.string().nullable(),
    path: z.string().nullable(),
    pull_steps: z.array(object).nullable(),
    parameters: object,
    parameter_openapi_schema: object.nullable(),
    enforce_parameter_schema: z.boolean(),
    job_variables: object,
    infra_overrides: object,
    work_queue_id: z.uuid().nullable(),
    work_queue_name: z.string().nullable(),
    work_pool_name: z.string().nullable(),
    created_by: object.nullable(),
    updated_by: object.nullable(),
    last_active: z.iso.datetime().nullable(),
  })
  .meta({ id: 'DeploymentVersion' })

/** JSON text: what was kept goes through as it was sent. */
function versionJson(row: VersionRow): string {
  const fields = JSON.stringify({
    id: row.id,
    created: row.createdAt,
    updated: row.createdAt,
    deployment_id: row.deploymentId,
    number: row.number,
    is_current: row.isCurrent,
    version_info: row.versionInfo,
    work_queue_name: row.workQueueName,
    work_pool_name: row.workPoolName,
    created_by: row.createdBy,
    updated_by: row.createdBy,
    last_active: null,
    infra_overrides: {},
  })
  const kept = versionedColumns
    .filter((column) => column !== 'version_info')
    .map((column) => `"${column}":${rawMember(row.snapshot, column) ?? 'null'}`)
  return `${fields.slice(0, -1)},${kept.join(',')}}`
}

const list = route({
  method: 'GET',
  path: '/deployments/{id}/versions',
  permission: see,
  summary: 'List the versions of a deployment, the newest first',
  tag,
  params: byId,
  query: z.object({
    limit: z.coerce.number().pipe(z.int()).optional(),
    offset: z.coerce.number().pipe(z.int().min(0)).default(0),
  }),
  success: { 200: z.array(versionAnswer) },
  handle: async ({ ctx, params, query }) => {
    const { rows } = await listVersions(ctx, params.id, { limit: limitOf(query.limit), offset: query.offset })
    return { status: 200, rawJson: `[${rows.map(versionJson).join(',')}]` }
  },
})

const paginate = route({
  method: 'POST',
  path: '/deployments/{id}/versions/paginate',
  permission: see,
  summary: 'List the versions of a deployment page by page',
  tag,
  params: byId,
  body: z.object({ limit, page }),
  bodyOptional: true,
  success: { 200: pageOf(versionAnswer) },
  handle: async ({ ctx, params, body }) => {
    const limit = limitOf(body.limit)
    const { rows, count } = await listVersions(ctx, params.id, { limit, offset: (body.page - 1) * limit })
    return { status: 200, rawJson: pageJson(rows.map(versionJson), count, body.page, limit) }
  },
})

const json = (value: Lossless | undefined): string => (value === undefined ? 'null' : writeLossless(value))

const diff = route({
  method: 'GET',
  path: '/deployments/{id}/versions/diff',
  permission: see,
  summary: 'Compare two versions of a deployment',
  tag,
  params: byId,
  query: z.object({ from: uuid, to: uuid }),
  success: {
    200: z.object({
      from: versionAnswer,
      to: versionAnswer,
      differences: z.array(
        z.object({
          path: z.array(z.string()),
          kind: z.enum(['added', 'removed', 'changed']),
          from: z.unknown(),
          to: z.unknown(),
        }),
      ),
    }),
  },
  handle: async ({ ctx, params, query }) => {
    const { from, to, differences } = await diffVersions(ctx, params.id, query)
    const rows = differences.map((difference) => {
      const kind =
        difference.from === undefined ? 'added' : difference.to === undefined ? 'removed' : 'changed'
      return `{"path":${JSON.stringify(difference.path)},"kind":"${kind}","from":${json(difference.from)},"to":${json(difference.to)}}`
    })
    return {
      status: 200,
      rawJson: `{"from":${versionJson(from)},"to":${versionJson(to)},"differences":[${rows.join(',')}]}`,
    }
  },
})

const read = route({
  method: 'GET',
  path: '/deployments/{id}/versions/{version_id}',
  permission: see,
  summary: 'Read a version of a deployment',
  tag,
  params: byVersion,
  success: { 200: versionAnswer },
  handle: async ({ ctx, params }) => ({
    status: 200,
    rawJson: versionJson(await readVersion(ctx, { deploymentId: params.id, id: params.version_id })),
  }),
})

const remove = route({
  method: 'DELETE',
  path: '/deployments/{id}/versions/{version_id}',
  permission: manage,
  summary: 'Delete a version that the deployment does not show',
  tag,
  params: byVersion,
  success: { 204: null },
  errors: [409],
  handle: async ({ ctx, params }) => {
    await deleteVersion(ctx, { deploymentId: params.id, id: params.version_id })
    return { status: 204 }
  },
})

const rollback = route({
  method: 'POST',
  path: '/deployments/{id}/versions/{version_id}/rollback',
  permission: write,
  summary: 'Make a deployment what it was at a version',
  tag,
  params: byVersion,
  success: { 200: deploymentAnswer },
  handle: async ({ ctx, params, services }) => ({
    status: 200,
    rawJson: deploymentJson(
      await rollBack(ctx, services.engine, { deploymentId: params.id, id: params.version_id }),
    ),
  }),
})

const makeLive = route({
  method: 'POST',
  path: '/deployments/{id}/versions/{version_id}/promote',
  permission: manage,
  summary: 'Make a version the one that the deployment shows, as the hosted API calls it',
  tag,
  params: byVersion,
  body: z.object({ reason: z.string().max(10_000).nullish() }),
  bodyOptional: true,
  success: { 200: z.boolean() },
  handle: async ({ ctx, params, services }) => {
    await rollBack(ctx, services.engine, { deploymentId: params.id, id: params.version_id })
    return { status: 200, json: true }
  },
})

const promoteTo = route({
  method: 'POST',
  path: '/deployments/{id}/promote',
  permission: write,
  summary: 'Make another deployment of the flow run what this one runs',
  tag,
  params: byId,
  body: z.object({
    target_deployment_id: uuid,
    version_id: uuid.nullish(),
    keep: z.array(z.enum(versionedColumns)).max(versionedColumns.length).default([]),
  }),
  success: { 200: deploymentAnswer },
  handle: async ({ ctx, params, body, services }) => ({
    status: 200,
    rawJson: deploymentJson(
      await promote(ctx, services.engine, {
        deploymentId: params.id,
        versionId: body.version_id ?? null,
        targetId: body.target_deployment_id,
        keep: body.keep,
      }),
    ),
  }),
})

const branch = route({
  method: 'POST',
  path: '/deployments/{id}/branch',
  permission: write,
  summary: 'Copy a deployment for a branch of its code',
  tag,
  params: byId,
  body: z.object({
    branch: z.string().min(1).max(200),
    options: z
      .object({ schedule_handling: z.enum(['keep', 'remove', 'inactive']).default('remove') })
      .default({ schedule_handling: 'remove' }),
    overrides: deploymentUpdate.nullish(),
  }),
  success: { 200: z.object({ id: z.uuid() }) },
  errors: [400, 404, 409],
  handle: async ({ ctx, params, body, rawBody, services }) => {
    const { id } = await branchDeployment(ctx, services.engine, {
      id: params.id,
      branch: body.branch,
      schedules: body.options.schedule_handling,
      overrides: body.overrides ? changesOf(body.overrides, rawMember(rawBody, 'overrides') ?? '{}') : {},
    })
    return { status: 200, json: { id } }
  },
})

export const deploymentVersionRoutes = [
  list,
  paginate,
  diff,
  read,
  remove,
  rollback,
  makeLive,
  promoteTo,
  branch,
]
