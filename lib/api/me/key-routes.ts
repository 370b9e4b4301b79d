import { z } from 'zod'
import { createApiKey } from '../../control/api-keys/create-api-key.ts'
import { listApiKeys, readApiKey } from '../../control/api-keys/list-api-keys.ts'
import { revokeApiKey } from '../../control/api-keys/revoke-api-key.ts'
import { longestOverlapSeconds, rollApiKey } from '../../control/api-keys/roll-api-key.ts'
import { workspaceRoles } from '../../domain/access/actor.ts'
import { limitOf } from '../filters/paging.ts'
import { type Route, route } from '../route.ts'
import { uuid } from '../schemas.ts'
import {
  expiration,
  keyCreated,
  keyFilterBody,
  keyFilterOf,
  keyRead,
  wireIssuedKey,
  wireKey,
} from './key-wire.ts'

const tag = 'My API keys'
const permission = { in: 'actor' } as const
const byId = z.object({ id: uuid })

const list = route({
  method: 'GET',
  path: '/me/api_keys',
  permission,
  summary: 'List my API keys',
  tag,
  query: z.object({ name: z.string().max(500).optional() }),
  success: { 200: z.array(keyRead) },
  handle: async ({ ctx, query }) => ({
    status: 200,
    json: (await listApiKeys(ctx, query.name === undefined ? {} : { names: [query.name] })).map(wireKey),
  }),
})

const filter = route({
  method: 'POST',
  path: '/me/api_keys/filter',
  permission,
  summary: 'Filter my API keys by name',
  tag,
  body: keyFilterBody,
  bodyOptional: true,
  success: { 200: z.array(keyRead) },
  handle: async ({ ctx, body }) => {
    const page = { limit: limitOf(body.limit), offset: body.offset }
    return { status: 200, json: (await listApiKeys(ctx, { ...keyFilterOf(body), ...page })).map(wireKey) }
  },
})

const create = route({
  method: 'POST',
  path: '/me/api_keys',
  permission,
  summary:
    'Make an API key, for one workspace or all of mine, with at most a role, until an instant or for ever',
  tag,
  body: z.object({
    name: z.string().min(1).max(500),
    workspace_id: uuid.nullish(),
    role: z.enum(workspaceRoles).nullish(),
    expiration,
  }),
  success: { 201: keyCreated },
  errors: [403, 404, 429],
  handle: async ({ ctx, body }) => ({
    status: 201,
    json: wireIssuedKey(
      await createApiKey(ctx, {
        name: body.name,
        workspaceId: body.workspace_id ?? null,
        role: body.role ?? null,
        expiresAt: body.expiration ?? null,
      }),
    ),
    headers: { 'cache-control': 'no-store' },
  }),
})

const read = route({
  method: 'GET',
  path: '/me/api_keys/{id}',
  permission,
  summary: 'Read one of my API keys',
  tag,
  params: byId,
  success: { 200: keyRead },
  handle: async ({ ctx, params }) => ({ status: 200, json: wireKey(await readApiKey(ctx, params)) }),
})

const roll = route({
  method: 'POST',
  path: '/me/api_keys/{id}/rotate',
  permission,
  summary: 'Put a new key in the place of one, which stays valid beside it for the overlap',
  tag,
  params: byId,
  body: z.object({ overlap_seconds: z.int().min(0).max(longestOverlapSeconds).default(0) }),
  bodyOptional: true,
  success: { 201: keyCreated },
  errors: [409, 429],
  handle: async ({ ctx, params, body }) => ({
    status: 201,
    json: wireIssuedKey(await rollApiKey(ctx, { ...params, overlapSeconds: body.overlap_seconds })),
    headers: { 'cache-control': 'no-store' },
  }),
})

const revoke = route({
  method: 'DELETE',
  path: '/me/api_keys/{id}',
  permission,
  summary: 'Revoke one of my API keys at once',
  tag,
  params: byId,
  success: { 204: null },
  handle: async ({ ctx, params }) => {
    await revokeApiKey(ctx, params)
    return { status: 204 }
  },
})

export const myKeyRoutes: readonly Route[] = [list, filter, create, read, roll, revoke]
