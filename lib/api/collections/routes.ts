import { z } from 'zod'
import { NotFound } from '../../domain/problem.ts'
import { workerCatalogue } from '../../domain/work/catalogue/worker-catalogue.ts'
import { route } from '../route.ts'

const tag = 'Collections'
const catalogue = z.record(z.string(), z.unknown())
/** Made once: it is the same for everybody. */
const workerTypes = JSON.stringify(workerCatalogue)

/** Catalogues that clients ask for by name. Flows and collections of packages are not kept here. */
const views = new Map([
  ['aggregate-worker-metadata', workerTypes],
  ['aggregate-block-metadata', '{}'],
  ['aggregate-flow-metadata', '{}'],
  ['aggregate-collection-metadata', '{}'],
  ['demo-flows', '{}'],
])

const readView = route({
  method: 'GET',
  path: '/collections/views/{view}',
  permission: { in: 'workspace', scope: 'see_work_pools' },
  summary: 'A catalogue, such as aggregate-worker-metadata',
  tag,
  params: z.object({ view: z.string().max(200) }),
  success: { 200: catalogue },
  errors: [404],
  handle: ({ params }) => {
    const rawJson = views.get(params.view)
    if (rawJson === undefined) throw new NotFound(`View ${params.view}`)
    return { status: 200, rawJson }
  },
})

const readPublicView = route({
  method: 'GET',
  path: '/collections/views/{view}',
  permission: { in: 'public', why: 'It is the same for everybody, and holds nothing of any tenant.' },
  summary: 'A catalogue, such as aggregate-worker-metadata, without a workspace',
  tag,
  params: z.object({ view: z.string().max(200) }),
  success: { 200: catalogue },
  errors: [404],
  handle: readView.handle,
})

const workPoolTypes = route({
  method: 'GET',
  path: '/collections/work_pool_types',
  permission: { in: 'workspace', scope: 'see_work_pools' },
  summary: 'The types that a work pool can have, with their templates',
  tag,
  success: { 200: catalogue },
  handle: () => ({ status: 200, rawJson: workerTypes }),
})

export const collectionRoutes = [readView, readPublicView, workPoolTypes]
