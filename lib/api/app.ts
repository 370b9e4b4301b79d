import { randomUUID } from 'node:crypto'
import { Hono, type Context as HonoContext } from 'hono'
import type { z } from 'zod'
import type { Actor, WorkspaceAccess } from '../domain/access/actor.ts'
import { accountRoles } from '../domain/access/actor.ts'
import { apiVersionProblem, clientView } from './client-view.ts'
import { holdsUnstorableText, withStorableText } from './json.ts'
import { answerOfError, badJson, invalidInput, notFound, problem, unauthorized } from './problems.ts'
import type { Answer, Call, Permission, Route } from './route.ts'
import type { Services } from './services.ts'

const ACCOUNT = '/api/accounts/:account_id'
const WORKSPACE = `${ACCOUNT}/workspaces/:workspace_id`
const prefixOf = {
  workspace: WORKSPACE,
  'workspace-public': WORKSPACE,
  account: ACCOUNT,
  actor: '/api',
  public: '/api',
} as const satisfies Record<Permission['in'], string>

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const DEFAULT_MAX_BYTES = 5 * 1024 * 1024

/** The full path of a route as it stands in the document: `/api/accounts/{account_id}/…`. */
export const fullPath = (route: Route): string =>
  (prefixOf[route.permission.in] + route.path).replace(/:([a-z_]+)/g, '{$1}')

/** Makes the HTTP edge from the routes: authorisation, parsing, answers and errors happen here and nowhere else. */
export function createApi(services: Services, routes: readonly Route[]): Hono {
  const app = new Hono({ strict: true })
  for (const route of routes) {
    const path = fullPath(route).replace(/\{([a-z_]+)\}/g, ':$1')
    const run = handler(services, route)
    app.on(route.method, path, run)
    // Clients differ in the slash at the end: serve both spellings.
    if (path !== '/api/') app.on(route.method, path.endsWith('/') ? path.slice(0, -1) : `${path}/`, run)
  }
  app.notFound((c) => {
    const path = new URL(c.req.url).pathname
    const known = routes.some((r) => pathMatches(fullPath(r), path))
    return respond(known ? problem(405, 'Method Not Allowed') : notFound())
  })
  app.onError((error) => respond(unexpected(services, error)))
  return app
}

function pathMatches(template: string, path: string): boolean {
  const wanted = template.split('/').filter(Boolean)
  const given = path.split('/').filter(Boolean)
  return (
    wanted.length === given.length && wanted.every((part, i) => part.startsWith('{') || part === given[i])
  )
}

function handler(services: Services, route: Route) {
  const { permission } = route
  const open = permission.in === 'public' || permission.in === 'workspace-public'
  const readsBody = route.method !== 'GET' && (route.body !== undefined || route.method !== 'DELETE')
  return async (c: HonoContext): Promise<Response> => {
    try {
      const header = (name: string): string | undefined => c.req.header(name)
      const versionProblem = apiVersionProblem(header('x-prefect-api-version'))
      if (versionProblem) return respond(problem(400, versionProblem))

      const params = c.req.param() as Record<string, string>
      for (const name in params) {
        if ((name === 'id' || name.endsWith('_id')) && !UUID.test(params[name] ?? '')) {
          // Before authorisation only the shape is told, which anybody can see.
          return respond(notFound())
        }
      }

      let actor: Actor | null = null
      let access: WorkspaceAccess | null = null
      const userAgent = header('user-agent')
      if (!open) {
        actor = await services.identity.authenticate({
          authorization: header('authorization'),
          cookie: header('cookie'),
          userAgent,
        })
        if (!actor) return respond(unauthorized())
        const refused = await authorize(services, route, actor, params, header)
        if (refused && 'status' in refused) return respond(refused)
        access = refused
      }

      let rawBody = ''
      let body: unknown
      if (readsBody) {
        const read = await readBody(c, route)
        if ('status' in read) return respond(read)
        rawBody = read.text
        body = read.value
      }
      const query = route.query?.safeParse(c.req.query())
      if (query && !query.success) return respond(invalidInput('query', query.error as z.ZodError))
      const checkedParams = route.params?.safeParse(params)
      if (checkedParams && !checkedParams.success)
        return respond(invalidInput('path', checkedParams.error as z.ZodError))
      if (route.body) {
        const checked = route.body.safeParse(body)
        if (!checked.success) return respond(invalidInput('body', checked.error as z.ZodError))
        body = checked.data
      }
      return respond(
        await route.handle({
          params: checkedParams?.data ?? params,
          query: query?.data ?? {},
          body,
          rawBody,
          client: clientView(userAgent, header('x-prefect-api-version')),
          userAgent,
          header,
          get origin() {
            return services.publicUrl ?? requestOrigin(c)
          },
          path: c.req.path,
          services,
          // Safe: only routes that anybody may call are without an actor, and those do not ask for it.
          actor: actor as Actor,
          access: access as WorkspaceAccess,
          accountId: params.account_id ?? '',
          workspaceId: params.workspace_id?.toLowerCase() ?? '',
          get ctx() {
            return {
              actor: actor as Actor,
              access: access as WorkspaceAccess,
              workspaceId: params.workspace_id?.toLowerCase() ?? '',
              db: services.db,
              nowMicros: services.nowMicros,
            }
          },
        } satisfies Call<unknown, unknown, unknown>),
      )
    } catch (error) {
      return respond(answerOfError(error) ?? unexpected(services, error))
    }
  }
}

/** The access that was granted, null where none is needed, or the refusal. */
async function authorize(
  services: Services,
  route: Route,
  actor: Actor,
  params: Record<string, string>,
  header: (name: string) => string | undefined,
): Promise<WorkspaceAccess | Answer | null> {
  // A browser attaches cookies to requests that other sites start; a custom header they cannot add without our consent.
  if (
    actor.kind === 'user' &&
    actor.by.type === 'session' &&
    route.method !== 'GET' &&
    header('x-rigel-csrf') !== '1'
  ) {
    return problem(
      403,
      'A request with a browser session needs the header x-rigel-csrf: 1, which other sites cannot send.',
    )
  }
  const { permission } = route
  if (permission.in === 'workspace') {
    const access = await services.identity.enterWorkspace(
      actor,
      (params.account_id ?? '').toLowerCase(),
      (params.workspace_id ?? '').toLowerCase(),
    )
    if (!access) return notFound()
    if (!access.scopes.has(permission.scope)) {
      return problem(
        403,
        `This needs the permission ${permission.scope}, which the role ${access.role} does not have. An owner of the workspace can give it.`,
      )
    }
    return access
  }
  if (permission.in === 'account') {
    const access = await services.identity.enterAccount(actor, (params.account_id ?? '').toLowerCase())
    if (!access) return notFound()
    if (accountRoles.indexOf(access.role) > accountRoles.indexOf(permission.role)) {
      return problem(403, `This needs the account role ${permission.role}; yours is ${access.role}.`)
    }
  }
  return null
}

async function readBody(c: HonoContext, route: Route): Promise<{ text: string; value: unknown } | Answer> {
  const max = route.maxBytes ?? DEFAULT_MAX_BYTES
  const tooLarge = () => problem(413, `The body is larger than ${max} bytes, the most that this route takes.`)
  if (Number(c.req.header('content-length') ?? 0) > max) return tooLarge()
  let text = await c.req.text()
  if (text.length > max || (text.length > max / 3 && Buffer.byteLength(text) > max)) return tooLarge()
  if (text === '') {
    if (route.body && !route.bodyOptional) return badJson('The body is empty; JSON was expected.')
    return { text: '{}', value: {} }
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return badJson(`The body is not JSON: ${(error as Error).message.slice(0, 200)}`)
  }
  if (holdsUnstorableText(text)) {
    if (route.text !== 'replace') {
      return badJson('The body holds a NUL character or half of a surrogate pair, which cannot be stored.')
    }
    text = withStorableText(text)
    value = JSON.parse(text)
  }
  if (route.nulls !== 'keep' && value !== null && typeof value === 'object' && !Array.isArray(value)) {
    const members = value as Record<string, unknown>
    for (const key in members) if (members[key] === null) delete members[key]
  }
  return { text, value }
}

function requestOrigin(c: HonoContext): string {
  const url = new URL(c.req.url)
  const proto = c.req.header('x-forwarded-proto')?.split(',')[0]?.trim()
  const host = c.req.header('x-forwarded-host')?.split(',')[0]?.trim() ?? c.req.header('host') ?? url.host
  return `${proto === 'https' ? 'https' : url.protocol.slice(0, -1)}://${host}`
}

/** Unknown errors are logged whole and shown as a sentence with an id to find them by. */
function unexpected(services: Services, error: unknown): Answer {
  const requestId = randomUUID()
  services.log.error({ err: error, requestId }, 'a request failed')
  return {
    status: 500,
    json: {
      detail: `Something went wrong on the server. Ask its operator to look for request ${requestId} in the log.`,
      exception_message: 'Internal Server Error',
      request_id: requestId,
    },
  }
}

const JSON_HEADERS = { 'content-type': 'application/json' }

function respond(answer: Answer): Response {
  const { status, json, rawJson, body, headers } = answer
  if (rawJson !== undefined || json !== undefined) {
    return new Response(rawJson ?? JSON.stringify(json), {
      status,
      headers: headers ? { ...JSON_HEADERS, ...headers } : JSON_HEADERS,
    })
  }
  return new Response(status === 204 || status === 304 ? null : (body ?? ''), {
    status,
    ...(headers ? { headers } : {}),
  })
}
