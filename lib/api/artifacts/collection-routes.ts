import { z } from 'zod'
import {
  countArtifactCollections,
  listArtifactCollections,
} from '../../control/artifacts/list-artifact-collections.ts'
import { artifactSorts } from '../../control/artifacts/list-artifacts.ts'
import { readArtifact } from '../../control/artifacts/read-artifact.ts'
import { artifactCollectionFilter } from '../filters/data-filters.ts'
import { limit, limitOf, offset } from '../filters/paging.ts'
import { runFilterParts, runFilters } from '../filters/run-filters.ts'
import { route } from '../route.ts'
import { artifactAnswer, artifactCollectionAnswer, artifactCollectionJson, artifactJson } from './wire.ts'

const tag = 'Artifacts'
const see = { in: 'workspace', scope: 'see_artifacts' } as const
const filters = { artifacts: artifactCollectionFilter.optional(), ...runFilterParts }

const readLatest = route({
  method: 'GET',
  path: '/artifacts/{key}/latest',
  permission: see,
  summary: 'Read the latest artifact of a key',
  tag,
  params: z.object({ key: z.string().max(500) }),
  success: { 200: artifactAnswer },
  errors: [404],
  handle: async ({ ctx, params }) => ({
    status: 200,
    rawJson: artifactJson(await readArtifact(ctx, { latestOf: params.key })),
  }),
})

const filter = route({
  method: 'POST',
  path: '/artifacts/latest/filter',
  permission: see,
  summary: 'List the latest artifact of each key',
  tag,
  body: z.object({ ...filters, sort: z.enum(artifactSorts).default('ID_DESC'), limit, offset }),
  bodyOptional: true,
  success: { 200: z.array(artifactCollectionAnswer) },
  handle: async ({ ctx, body }) => {
    const rows = await listArtifactCollections(ctx, {
      filters: { artifacts: body.artifacts, ...runFilters(body) },
      sort: body.sort,
      limit: limitOf(body.limit),
      offset: body.offset,
    })
    return { status: 200, rawJson: `[${rows.map(artifactCollectionJson).join(',')}]` }
  },
})

const count = route({
  method: 'POST',
  path: '/artifacts/latest/count',
  permission: see,
  summary: 'Count the keys of artifacts',
  tag,
  body: z.object(filters),
  bodyOptional: true,
  success: { 200: z.int() },
  handle: async ({ ctx, body }) => ({
    status: 200,
    json: await countArtifactCollections(ctx, { artifacts: body.artifacts, ...runFilters(body) }),
  }),
})

export const artifactCollectionRoutes = [filter, count, readLatest]
