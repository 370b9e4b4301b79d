import { z } from 'zod'
import { readDefaultStorage } from '../../control/result-storage/read-default-storage.ts'
import { setDefaultStorage } from '../../control/result-storage/set-default-storage.ts'
import { API_VERSION } from '../api-version.ts'
import { MAX_LIMIT } from '../filters/paging.ts'
import { problem } from '../problems.ts'
import { type Answer, type Call, type Permission, type Route, route } from '../route.ts'
import { uuid } from '../schemas.ts'

const tag = 'Server'

interface Root {
  readonly path: string
  readonly summary: string
  readonly why: string
  readonly success: Readonly<Record<number, z.ZodType>>
  readonly errors?: readonly number[]
  readonly handle: (call: Call<unknown, unknown, unknown>) => Promise<Answer> | Answer
}

/** Clients ask these below `/api` and below their workspace alike, some before they know a key. They tell nothing of the workspace. */
const inBothPlaces = ({ why, ...root }: Root): Route[] => {
  const places: Permission[] = [
    { in: 'public', why },
    { in: 'workspace-public', why },
  ]
  return places.map((permission) => route({ ...root, method: 'GET', permission, tag }))
}

const serverSettings = z.object({
  api: z.object({ url: z.string() }),
  ui_url: z.string(),
  server: z.object({
    api: z.object({
      default_limit: z.int(),
      csrf_protection_enabled: z.boolean(),
      auth_required: z.boolean(),
    }),
    analytics_enabled: z.boolean(),
  }),
})

const storageAnswer = z.object({ default_result_storage_block_id: z.uuid().nullable() })

/** What a client is told that does not say which version it is. */
const NEWEST_CLIENT = '3.8.8'

export const rootRoutes: readonly Route[] = [
  ...inBothPlaces({
    path: '/health',
    summary: 'Whether the server is up',
    why: 'Probes have no key.',
    success: { 200: z.boolean() },
    handle: () => ({ status: 200, json: true }),
  }),
  ...inBothPlaces({
    path: '/ready',
    summary: 'Whether the server can serve: its database answers and is migrated',
    why: 'Probes have no key.',
    success: { 200: z.object({ message: z.string() }) },
    errors: [503],
    handle: async ({ services }) =>
      (await services.isReady())
        ? { status: 200, json: { message: 'OK' } }
        : {
            status: 503,
            json: { message: 'Database is not available', detail: 'Database is not available' },
          },
  }),
  ...inBothPlaces({
    path: '/hello',
    summary: 'Say hello',
    why: 'For trying a connection.',
    success: { 200: z.string() },
    handle: () => ({ status: 200, json: '👋' }),
  }),
  ...inBothPlaces({
    path: '/version',
    summary: 'The version of the orchestration API',
    why: 'Clients compare versions before they sign in.',
    success: { 200: z.string() },
    handle: () => ({ status: 200, json: API_VERSION }),
  }),
  ...inBothPlaces({
    path: '/admin/version',
    // A client refuses a server of another major version, and Rigel speaks to all of them.
    summary: 'The package version that the calling client knows: its own',
    why: 'Clients compare versions before they sign in.',
    success: { 200: z.string() },
    handle: ({ client }) => ({ status: 200, json: client.clientVersion ?? NEWEST_CLIENT }),
  }),
  ...inBothPlaces({
    path: '/admin/settings',
    summary: 'What clients may want to know of how the server is set; settings of the machine are its own',
    why: 'The same for everybody, and told by other answers too.',
    success: { 200: serverSettings },
    handle: ({ origin }) => ({
      status: 200,
      json: {
        api: { url: `${origin}/api` },
        ui_url: origin,
        server: {
          api: { default_limit: MAX_LIMIT, csrf_protection_enabled: false, auth_required: true },
          analytics_enabled: false,
        },
      },
    }),
  }),
  ...inBothPlaces({
    path: '/csrf-token',
    summary: 'Says that no CSRF token is needed: keys are not sent by browsers on their own',
    why: 'Clients ask before they sign in.',
    success: {},
    errors: [422],
    handle: () => problem(422, 'CSRF protection is disabled.'),
  }),
  route({
    method: 'GET',
    path: '/admin/storage',
    permission: { in: 'workspace', scope: 'see_blocks' },
    summary: 'Where results are kept when a flow does not say; null: where the client runs',
    tag,
    success: { 200: storageAnswer },
    handle: async ({ ctx }) => ({
      status: 200,
      json: { default_result_storage_block_id: await readDefaultStorage(ctx) },
    }),
  }),
  route({
    method: 'PUT',
    path: '/admin/storage',
    permission: { in: 'workspace', scope: 'write_workspace_settings' },
    summary: 'Keep results in this block when a flow does not say where',
    tag,
    body: z.object({ default_result_storage_block_id: uuid }),
    success: { 200: storageAnswer },
    errors: [404],
    handle: async ({ ctx, body }) => {
      await setDefaultStorage(ctx, body.default_result_storage_block_id)
      return { status: 200, json: body }
    },
  }),
  route({
    method: 'DELETE',
    path: '/admin/storage',
    permission: { in: 'workspace', scope: 'write_workspace_settings' },
    summary: 'Keep results where the client runs when a flow does not say where',
    tag,
    success: { 204: null },
    handle: async ({ ctx }) => {
      await setDefaultStorage(ctx, null)
      return { status: 204 }
    },
  }),
]
