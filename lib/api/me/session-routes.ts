import { z } from 'zod'
import {
  endMySession,
  listMySessions,
  type SessionRow,
  terminateSession,
} from '../../control/users/list-my-sessions.ts'
import { cookieValue, sessionCookieNames } from '../../identity/proof.ts'
import { sessionCookie } from '../../identity/session-cookie.ts'
import { limit, limitOf, offset } from '../filters/paging.ts'
import { type Route, route } from '../route.ts'
import { uuid } from '../schemas.ts'

const tag = 'My sessions'
const permission = { in: 'actor' } as const

const sessionRead = z.object({
  id: z.uuid(),
  created: z.iso.datetime(),
  updated: z.iso.datetime(),
  user_id: z.uuid(),
  ip_address: z.string(),
  location: z.string().nullable(),
  user_agent: z.string().nullable(),
  expires_at: z.int().meta({ description: 'Seconds since 1970.' }),
  restricted: z.boolean(),
})

const epochSeconds = (at: Date): number => Math.floor(at.getTime() / 1000)

const wireSession = (row: SessionRow): z.input<typeof sessionRead> => ({
  id: row.id,
  created: row.createdAt.toISOString(),
  updated: row.updatedAt.toISOString(),
  user_id: row.userId,
  ip_address: row.ipAddress ?? '',
  location: null,
  user_agent: row.userAgent,
  expires_at: epochSeconds(row.expiresAt),
  restricted: false,
})

const list = route({
  method: 'GET',
  path: '/me/sessions',
  permission,
  summary: 'List the browsers in which I am signed in',
  tag,
  success: { 200: z.array(sessionRead) },
  errors: [403],
  handle: async ({ ctx }) => ({ status: 200, json: (await listMySessions(ctx)).map(wireSession) }),
})

const texts = z
  .object({ any_: z.array(z.string().max(500)).max(200).nullish(), like_: z.string().max(500).nullish() })
  .nullish()

const filterBody = z.object({
  filter: z
    .object({
      ip_address: texts,
      location: texts,
      expires_at: z.object({ before_: z.int().nullish(), after_: z.int().nullish() }).nullish(),
      restricted: z.object({ is_restricted_: z.boolean().nullish() }).nullish(),
    })
    .nullish(),
  limit,
  offset,
})

function matches(
  session: z.input<typeof sessionRead>,
  filter: z.output<typeof filterBody>['filter'],
): boolean {
  const { ip_address, location, expires_at, restricted } = filter ?? {}
  const fits = (value: string | null, want: z.output<typeof texts>): boolean =>
    (!want?.any_ || (value !== null && want.any_.includes(value))) &&
    (!want?.like_ || (value?.toLowerCase().includes(want.like_.toLowerCase()) ?? false))
  return (
    fits(session.ip_address, ip_address) &&
    fits(session.location ?? null, location) &&
    session.expires_at <= (expires_at?.before_ ?? Number.POSITIVE_INFINITY) &&
    session.expires_at >= (expires_at?.after_ ?? 0) &&
    (restricted?.is_restricted_ ?? session.restricted) === session.restricted
  )
}

const filter = route({
  method: 'POST',
  path: '/me/sessions/filter',
  permission,
  summary: 'Filter the browsers in which I am signed in',
  tag,
  body: filterBody,
  bodyOptional: true,
  success: { 200: z.array(sessionRead) },
  errors: [403],
  handle: async ({ ctx, body }) => {
    const rows = (await listMySessions(ctx)).map(wireSession).filter((row) => matches(row, body.filter))
    return { status: 200, json: rows.slice(body.offset, body.offset + limitOf(body.limit)) }
  },
})

const terminate = route({
  method: 'POST',
  path: '/me/sessions/{id}/terminate',
  permission,
  summary: 'Sign one of my browsers out',
  tag,
  params: z.object({ id: uuid }),
  success: { 200: z.null() },
  errors: [403],
  handle: async ({ ctx, params }) => {
    await terminateSession(ctx, params)
    return { status: 200, json: null }
  },
})

const signOut = route({
  method: 'DELETE',
  path: '/me/session',
  permission,
  summary: 'Sign this browser out',
  tag,
  success: { 204: null },
  errors: [404],
  handle: async ({ ctx, header }) => {
    await endMySession(ctx)
    const secure = cookieValue(header('cookie') ?? '', sessionCookieNames.secure) !== null
    return {
      status: 204,
      headers: { 'set-cookie': sessionCookie(secure ? 'https://' : 'http://', '', new Date(0)) },
    }
  },
})

export const mySessionRoutes: readonly Route[] = [list, filter, terminate, signOut]
