import { z } from 'zod'
import { createApiKey } from '../../control/api-keys/create-api-key.ts'
import type { IssuedKey } from '../../control/api-keys/issue-key.ts'
import { type ApiKeyRow, listApiKeys, readApiKey } from '../../control/api-keys/list-api-keys.ts'
import { revokeApiKey } from '../../control/api-keys/revoke-api-key.ts'
import { readUser } from '../../control/users/read-user.ts'
import { type ActorContext, requireUser } from '../../control/users/require-user.ts'
import { updateUser } from '../../control/users/update-user.ts'
import { NotFound } from '../../domain/problem.ts'
import { expiration } from '../me/key-wire.ts'
import { type Route, route } from '../route.ts'
import { uuid } from '../schemas.ts'
import { userRead, wireUser } from './wire.ts'

const tag = 'Users'
const permission = { in: 'actor' } as const
const byId = z.object({ id: uuid })
const byKey = z.object({ id: uuid, key_id: uuid })

const read = route({
  method: 'GET',
  path: '/users/{id}',
  permission,
  summary: 'Read my own user',
  tag,
  params: byId,
  success: { 200: userRead },
  handle: async ({ ctx, params }) => ({ status: 200, json: wireUser(await readUser(ctx, params)) }),
})

const nullableText = (max: number) => z.string().max(max).nullish()

const update = route({
  method: 'PATCH',
  path: '/users/{id}',
  permission,
  summary: 'Change my own profile',
  tag,
  params: byId,
  body: z.strictObject({
    handle: nullableText(60),
    first_name: nullableText(500),
    last_name: nullableText(500),
    email: z.email().max(320).nullish(),
    location: nullableText(5_000),
    title: nullableText(5_000),
    image_location: z
      .url({ protocol: /^https?$/ })
      .max(2_048)
      .nullish(),
    settings: z
      .object({
        default_timezone: nullableText(100),
        default_color_palette: nullableText(100),
        tutorial_completed: z.boolean(),
        feature_previews: z.array(z.string().max(200)).max(100),
      })
      .partial()
      .nullish(),
    // When somebody last came in is seen, not told.
    last_login: z.string().max(64).nullish(),
  }),
  nulls: 'keep',
  success: { 204: null },
  errors: [403, 409],
  handle: async ({ ctx, params, body }) => {
    const { handle, first_name, last_name, email, location, title, image_location, settings } = body
    await updateUser(ctx, {
      ...params,
      ...(handle ? { handle } : {}),
      ...(first_name === undefined ? {} : { firstName: first_name ?? '' }),
      ...(last_name === undefined ? {} : { lastName: last_name ?? '' }),
      ...(email === undefined ? {} : { email }),
      ...(location === undefined ? {} : { location }),
      ...(title === undefined ? {} : { title }),
      ...(image_location === undefined ? {} : { imageUrl: image_location }),
      ...(settings ? { settings } : {}),
    })
    return { status: 204 }
  },
})

/** Only the user itself has these: another's id is not found. */
function asMyself(ctx: ActorContext, id: string): ActorContext {
  if (requireUser(ctx).userId !== id) throw new NotFound('User')
  return ctx
}

const keyOfUser = z.object({
  id: z.uuid(),
  created: z.iso.datetime(),
  name: z.string(),
  expiration: z.iso.datetime().nullable(),
})
const createdKey = keyOfUser.extend({ key: z.string() })
const shownKey = keyOfUser.extend({ masked_key: z.string() })

const wire = (key: IssuedKey | ApiKeyRow): z.input<typeof keyOfUser> => ({
  id: key.id,
  created: key.createdAt.toISOString(),
  name: key.name,
  expiration: key.expiresAt?.toISOString() ?? null,
})

const createKey = route({
  method: 'POST',
  path: '/users/{id}/api_keys',
  permission,
  summary: 'Make an API key that may what I may',
  tag,
  params: byId,
  body: z.strictObject({ name: z.string().min(1).max(500), expiration }),
  success: { 201: createdKey },
  errors: [403, 429],
  handle: async ({ ctx, params, body }) => {
    const issued = await createApiKey(asMyself(ctx, params.id), {
      name: body.name,
      workspaceId: null,
      role: null,
      expiresAt: body.expiration ?? null,
    })
    return {
      status: 201,
      json: { ...wire(issued), key: issued.key },
      headers: { 'cache-control': 'no-store' },
    }
  },
})

const shown = (row: ApiKeyRow): z.input<typeof shownKey> => ({ ...wire(row), masked_key: row.maskedKey })

const listKeys = route({
  method: 'GET',
  path: '/users/{id}/api_keys',
  permission,
  summary: 'List my API keys',
  tag,
  params: byId,
  query: z.object({ name: z.string().max(500).optional() }),
  success: { 200: z.array(shownKey) },
  handle: async ({ ctx, params, query }) => {
    const rows = await listApiKeys(
      asMyself(ctx, params.id),
      query.name === undefined ? {} : { names: [query.name] },
    )
    return { status: 200, json: rows.map(shown) }
  },
})

const readKey = route({
  method: 'GET',
  path: '/users/{id}/api_keys/{key_id}',
  permission,
  summary: 'Read one of my API keys',
  tag,
  params: byKey,
  success: { 200: shownKey },
  handle: async ({ ctx, params }) => ({
    status: 200,
    json: shown(await readApiKey(asMyself(ctx, params.id), { id: params.key_id })),
  }),
})

const revokeKey = route({
  method: 'DELETE',
  path: '/users/{id}/api_keys/{key_id}',
  permission,
  summary: 'Revoke one of my API keys at once',
  tag,
  params: byKey,
  success: { 204: null },
  handle: async ({ ctx, params }) => {
    await revokeApiKey(asMyself(ctx, params.id), { id: params.key_id })
    return { status: 204 }
  },
})

export const userRoutes: readonly Route[] = [read, update, createKey, listKeys, readKey, revokeKey]
