import { z } from 'zod'
import {
  type AccessLevel,
  accessLevels,
  listOwnAccess,
  readObjectAccess,
  setObjectAccess,
  type WhichObject,
} from '../../control/object-access/object-access.ts'
import type { WorkspaceScope } from '../../domain/access/scopes.ts'
import { type Route, route } from '../route.ts'
import { uuid } from '../schemas.ts'

// Of the hosted API. Roles decide here: every level is everybody's, and to say so is all that can be said.

const tag = 'Access'
const inWorkspace = (scope: WorkspaceScope) => ({ in: 'workspace', scope }) as const

const actor = z.object({ id: z.string(), name: z.string(), email: z.string().nullable(), type: z.string() })
const everybody = { id: '*', name: '*', email: null, type: '*' } as const

const actorIds = z.array(z.union([z.literal('*'), uuid])).max(1_000)
const teamIds = z.array(uuid).max(1_000).default([])
const twoLevels = {
  manage_actor_ids: actorIds,
  view_actor_ids: actorIds,
  manage_team_ids: teamIds,
  view_team_ids: teamIds,
}
const listsOfTwo = z.strictObject(twoLevels)
const listsOfThree = z.strictObject({ ...twoLevels, run_actor_ids: actorIds, run_team_ids: teamIds })

const ofId = z.object({ id: uuid })
const ofName = z.object({ name: z.string().max(500) })

interface Guarded<Params extends z.ZodType> {
  readonly path: string
  readonly what: string
  readonly see: WorkspaceScope
  readonly manage: WorkspaceScope
  readonly params: Params
  readonly lists: typeof listsOfTwo | typeof listsOfThree
  readonly which: (params: z.output<Params>) => WhichObject
}

const readAndSet = <Params extends z.ZodType>({
  path,
  what,
  see,
  manage,
  params,
  lists,
  which,
}: Guarded<Params>): Route[] => [
  route({
    method: 'GET',
    path,
    permission: inWorkspace(see),
    summary: `Who may do what with ${what}: everybody whose role allows it`,
    tag,
    params,
    success: {
      200: z.object({
        manage_actors: z.array(actor),
        run_actors: z.array(actor).optional(),
        view_actors: z.array(actor),
      }),
    },
    errors: [404],
    handle: async ({ ctx, params: given }) => {
      const levels = await readObjectAccess(ctx, which(given))
      return {
        status: 200,
        json: Object.fromEntries(levels.map((level) => [`${level}_actors`, [everybody]])),
      }
    },
  }),
  route({
    method: 'PUT',
    path,
    permission: inWorkspace(manage),
    summary: `Let everybody use ${what} whose role allows it; other lists are refused`,
    tag,
    params,
    body: z.strictObject({ access_control: lists }),
    success: { 204: null },
    errors: [404],
    handle: async ({ ctx, params: given, body }) => {
      await setObjectAccess(ctx, which(given), body.access_control)
      return { status: 204 }
    },
  }),
]

const ownLevels = z.record(z.uuid(), z.array(z.enum(accessLevels)))
const asJson = (levels: ReadonlyMap<string, readonly AccessLevel[]>) => ({
  status: 200,
  json: Object.fromEntries(levels),
})
const ids = z.array(uuid).max(1_000)

export const objectAccessRoutes: readonly Route[] = [
  ...readAndSet({
    path: '/deployments/{id}/access',
    what: 'a deployment',
    see: 'see_deployments',
    manage: 'manage_deployments',
    params: ofId,
    lists: listsOfThree,
    which: ({ id }) => ({ noun: 'deployment', id }),
  }),
  ...readAndSet({
    path: '/work_pools/{name}/access',
    what: 'a work pool',
    see: 'see_work_pools',
    manage: 'manage_work_pools',
    params: ofName,
    lists: listsOfThree,
    which: ({ name }) => ({ noun: 'work-pool', name }),
  }),
  ...readAndSet({
    path: '/block_documents/{id}/access',
    what: 'a block',
    see: 'see_blocks',
    manage: 'manage_blocks',
    params: ofId,
    lists: listsOfTwo,
    which: ({ id }) => ({ noun: 'block-document', id }),
  }),
  route({
    method: 'POST',
    path: '/deployments/my-access',
    permission: inWorkspace('see_deployments'),
    summary: 'What the caller may do with deployments',
    tag,
    body: z.object({ deployment_ids: ids }),
    success: { 200: ownLevels },
    handle: async ({ ctx, body }) =>
      asJson(await listOwnAccess(ctx, 'deployment', { ids: body.deployment_ids })),
  }),
  route({
    method: 'POST',
    path: '/work_pools/my-access',
    permission: inWorkspace('see_work_pools'),
    summary: 'What the caller may do with work pools',
    tag,
    body: z.object({
      work_pool_ids: ids.default([]),
      work_pool_names: z.array(z.string().max(500)).max(1_000).default([]),
    }),
    bodyOptional: true,
    success: { 200: ownLevels },
    handle: async ({ ctx, body }) =>
      asJson(await listOwnAccess(ctx, 'work-pool', { ids: body.work_pool_ids, names: body.work_pool_names })),
  }),
  route({
    method: 'POST',
    path: '/block_documents/my-access',
    permission: inWorkspace('see_blocks'),
    summary: 'What the caller may do with blocks',
    tag,
    body: z.object({ block_document_ids: ids }),
    success: { 200: ownLevels },
    handle: async ({ ctx, body }) =>
      asJson(await listOwnAccess(ctx, 'block-document', { ids: body.block_document_ids })),
  }),
]
