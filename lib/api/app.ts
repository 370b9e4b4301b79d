import { Hono, type Context as HonoContext } from 'hono'
import { notFound, problem } from './problems.ts'
import type { Answer, Permission, Route } from './route.ts'
import { serveRoute, unexpected } from './serve.ts'
import type { Services } from './services.ts'

const ACCOUNT = '/api/accounts/:account_id'
const WORKSPACE = `${ACCOUNT}/workspaces/:workspace_id`
const prefixOf = {
  workspace: WORKSPACE,
  'workspace-public': WORKSPACE,
  account: ACCOUNT,
  actor: '/api',
  public: '/api',
  root: '',
} as const satisfies Record<Permission['in'], string>

/** The full path of a route as it stands in the document: `/api/accounts/{account_id}/…`. */
export const fullPath = (route: Route): string =>
  (prefixOf[route.permission.in] + route.path).replace(/:([a-z_]+)/g, '{$1}')

/** Both spellings under which a route is served, with `:name` for parameters: clients differ in the slash at the end. */
export function spellings(route: Route): string[] {
  const path = fullPath(route).replace(/\{([a-z_]+)\}/g, ':$1')
  if (path === '/api/') return [path]
  return [path, path.endsWith('/') ? path.slice(0, -1) : `${path}/`]
}

/** The whole API as a fetch handler. */
export function createApi(services: Services, routes: readonly Route[]): Hono {
  const app = new Hono({ strict: true })
  for (const route of routes) {
    for (const path of spellings(route)) {
      app.on(route.method, path, async (c) =>
        respond(
          await serveRoute(services, route, c.req.param() as Record<string, string>, {
            path: c.req.path,
            header: (name) => c.req.header(name),
            query: () => c.req.query(),
            readText: (maxBytes) => readText(c, maxBytes),
            scheme: new URL(c.req.url).protocol.slice(0, -1),
            gone: () => c.req.raw.signal,
          }),
        ),
      )
    }
  }
  app.notFound((c) => {
    const path = new URL(c.req.url).pathname
    const known = routes.some((route) => pathMatches(fullPath(route), path))
    return respond(known ? problem(405, 'Method Not Allowed') : notFound())
  })
  app.onError((error) => respond(unexpected(services, error)))
  return app
}

async function readText(c: HonoContext, maxBytes: number): Promise<string | null> {
  const text = await c.req.text()
  return text.length > maxBytes || (text.length > maxBytes / 3 && Buffer.byteLength(text) > maxBytes)
    ? null
    : text
}

function pathMatches(template: string, path: string): boolean {
  const wanted = template.split('/').filter(Boolean)
  const given = path.split('/').filter(Boolean)
  return (
    wanted.length === given.length && wanted.every((part, i) => part.startsWith('{') || part === given[i])
  )
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
