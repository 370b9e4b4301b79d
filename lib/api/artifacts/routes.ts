import { z } from 'zod'
import { createArtifact } from '../../control/artifacts/create-artifact.ts'
import { deleteArtifact } from '../../control/artifacts/delete-artifact.ts'
import { artifactSorts, countArtifacts, listArtifacts } from '../../control/artifacts/list-artifacts.ts'
import { readArtifact } from '../../control/artifacts/read-artifact.ts'
import { updateArtifact } from '../../control/artifacts/update-artifact.ts'
import { rawMember } from '../../domain/raw-json.ts'
import type { RawJson } from '../../domain/state.ts'
import { artifactFilter } from '../filters/data-filters.ts'
import { limit, limitOf, offset } from '../filters/paging.ts'
import { runFilterParts, runFilters } from '../filters/run-filters.ts'
import { route } from '../route.ts'
import { uuid } from '../schemas.ts'
import { artifactAnswer, artifactJson } from './wire.ts'

const tag = 'Artifacts'
const see = { in: 'workspace', scope: 'see_artifacts' } as const
const write = { in: 'workspace', scope: 'write_artifacts' } as const
const manage = { in: 'workspace', scope: 'manage_artifacts' } as const
const byId = z.object({ id: uuid })

const description = z.string().max(1_000_000).nullish()
const metadata = z.record(z.string().max(1_000), z.string().max(100_000)).nullish()
const filters = { artifacts: artifactFilter.optional(), ...runFilterParts }

/** The exact text of a member; null where it is absent or null. */
const raw = (rawBody: string, member: string): RawJson | null => {
  const text = rawMember(rawBody, member)
  return text === undefined || text === 'null' ? null : text
}

const create = route({
  method: 'POST',
  path: '/artifacts/',
  permission: write,
  summary: 'Keep an artifact; with a key it becomes the latest of that key',
  tag,
  body: z.object({
    key: z
      .string()
      .max(500)
      .regex(/^[a-z0-9-]+$/, 'must be of lower-case letters, digits and dashes')
      .optional(),
    type: z.string().max(500).optional(),
    description,
    data: z.unknown().optional(),
    metadata_: metadata,
    flow_run_id: uuid.optional(),
    task_run_id: uuid.optional(),
  }),
  success: { 201: artifactAnswer },
  handle: async ({ ctx, body, rawBody, services }) => {
    const row = await createArtifact(ctx, services.engine, {
      key: body.key ?? null,
      type: body.type ?? null,
      description: body.description ?? null,
      data: raw(rawBody, 'data'),
      metadata: raw(rawBody, 'metadata_'),
      flowRunId: body.flow_run_id ?? null,
      taskRunId: body.task_run_id ?? null,
    })
    return { status: 201, rawJson: artifactJson(row) }
  },
})

const read = route({
  method: 'GET',
  path: '/artifacts/{id}',
  permission: see,
  summary: 'Read an artifact',
  tag,
  params: byId,
  success: { 200: artifactAnswer },
  handle: async ({ ctx, params }) => ({
    status: 200,
    rawJson: artifactJson(await readArtifact(ctx, params)),
  }),
})

const filter = route({
  method: 'POST',
  path: '/artifacts/filter',
  permission: see,
  summary: 'List artifacts',
  tag,
  body: z.object({ ...filters, sort: z.enum(artifactSorts).default('ID_DESC'), limit, offset }),
  bodyOptional: true,
  success: { 200: z.array(artifactAnswer) },
  handle: async ({ ctx, body }) => {
    const rows = await listArtifacts(ctx, {
      filters: { artifacts: body.artifacts, ...runFilters(body) },
      sort: body.sort,
      limit: limitOf(body.limit),
      offset: body.offset,
    })
    return { status: 200, rawJson: `[${rows.map(artifactJson).join(',')}]` }
  },
})

const count = route({
  method: 'POST',
  path: '/artifacts/count',
  permission: see,
  summary: 'Count artifacts',
  tag,
  body: z.object(filters),
  bodyOptional: true,
  success: { 200: z.int() },
  handle: async ({ ctx, body }) => ({
    status: 200,
    json: await countArtifacts(ctx, { artifacts: body.artifacts, ...runFilters(body) }),
  }),
})

const update = route({
  method: 'PATCH',
  path: '/artifacts/{id}',
  permission: write,
  summary: 'Change the data or the words of an artifact',
  tag,
  params: byId,
  body: z.object({ data: z.unknown().optional(), description, metadata_: metadata }),
  nulls: 'keep',
  success: { 204: null },
  handle: async ({ ctx, params, body, rawBody, services }) => {
    await updateArtifact(ctx, services.engine, params.id, {
      ...(body.data === undefined ? {} : { data: raw(rawBody, 'data') }),
      ...(body.description === undefined ? {} : { description: body.description }),
      ...(body.metadata_ === undefined ? {} : { metadata: raw(rawBody, 'metadata_') }),
    })
    return { status: 204 }
  },
})

const remove = route({
  method: 'DELETE',
  path: '/artifacts/{id}',
  permission: manage,
  summary: 'Delete an artifact',
  tag,
  params: byId,
  success: { 204: null },
  handle: async ({ ctx, params, services }) => {
    await deleteArtifact(ctx, services.engine, params.id)
    return { status: 204 }
  },
})

export const artifactRoutes = [create, filter, count, read, update, remove]
