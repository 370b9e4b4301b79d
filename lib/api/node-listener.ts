import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { getRequestListener } from '@hono/node-server'
import { RegExpRouter } from 'hono/router/reg-exp-router'
import { SmartRouter } from 'hono/router/smart-router'
import { TrieRouter } from 'hono/router/trie-router'
import { BadInput } from '../domain/problem.ts'
import { createApi, fullPath, spellings } from './app.ts'
import type { Answer, Route } from './route.ts'
import { type Edge, serveRoute } from './serve.ts'
import type { Services } from './services.ts'

/**
 * The API on node:http. Matched requests go straight from node's request to the route and back: the fetch objects in
 * between cost about a third of what a write costs in this process. What matches no route goes through the fetch handler.
 */
export function createApiListener(
  services: Services,
  routes: readonly Route[],
): (request: IncomingMessage, response: ServerResponse) => void {
  const router = new SmartRouter<Route>({ routers: [new RegExpRouter(), new TrieRouter()] })
  for (const route of routes) for (const path of spellings(route)) router.add(route.method, path, route)
  const match = rememberMatches((method, path) => matchRoute(router, method, path))
  const otherwise = getRequestListener(createApi(services, routes).fetch)

  return (request, response) => {
    const target = request.url ?? '/'
    const queryAt = target.indexOf('?')
    const path = queryAt < 0 ? target : target.slice(0, queryAt)
    const matched = match(request.method ?? 'GET', path)
    if (!matched) {
      void otherwise(request, response)
      return
    }
    const edge: Edge = {
      path,
      header: (name) => {
        const value = request.headers[name]
        return Array.isArray(value) ? value.join(', ') : value
      },
      query: () => (queryAt < 0 ? {} : Object.fromEntries(new URLSearchParams(target.slice(queryAt + 1)))),
      readText: (maxBytes) => readText(request, maxBytes),
      scheme: 'encrypted' in request.socket ? 'https' : 'http',
      gone: () => goneOf(response),
    }
    serveRoute(services, matched.route, matched.params, edge)
      .then((answer) => send(request, response, answer))
      .catch((error: unknown) => {
        services.log.error({ err: error }, 'an answer could not be sent')
        response.destroy()
      })
  }
}

function goneOf(response: ServerResponse): AbortSignal {
  const controller = new AbortController()
  if (response.destroyed) controller.abort()
  response.once('close', () => {
    if (!response.writableFinished) controller.abort()
  })
  return controller.signal
}

interface Match {
  readonly route: Route
  readonly params: Record<string, string>
}

const uuids = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g
const maxRemembered = 2_000

/**
 * Paths that differ in nothing but their UUIDs go to the same route, and nearly all requests are of a few dozen such shapes:
 * the router, which walks a tree, is asked once a shape.
 */
function rememberMatches(
  match: (method: string, path: string) => Match | null,
): (method: string, path: string) => Match | null {
  const shapes = new Map<string, { readonly route: Route; readonly places: readonly [string, number][] }>()
  return (method, path) => {
    const shape = `${method} ${path.replace(uuids, ':')}`
    const known = shapes.get(shape)
    if (known) {
      const segments = path.split('/')
      const params: Record<string, string> = {}
      for (const [name, at] of known.places) params[name] = segments[at] ?? ''
      return { route: known.route, params }
    }
    const found = match(method, path)
    const places = found && placesOf(found, path)
    if (places) {
      if (shapes.size >= maxRemembered) shapes.clear()
      shapes.set(shape, { route: found.route, places })
    }
    return found
  }
}

/** In which segment of the path each parameter stands; null unless each is a segment as it was sent. */
function placesOf({ route, params }: Match, path: string): [string, number][] | null {
  const segments = path.split('/')
  const names = fullPath(route).split('/')
  const places: [string, number][] = []
  for (const name in params) {
    const at = names.indexOf(`{${name}}`)
    if (at < 0 || segments[at] !== params[name]) return null
    places.push([name, at])
  }
  return places
}

function matchRoute(router: SmartRouter<Route>, method: string, path: string): Match | null {
  const [handlers, stash] = router.match(method, path)
  const first = handlers[0]
  if (!first) return null
  const [route, indices] = first
  const params: Record<string, string> = {}
  for (const name in indices) {
    const at = indices[name]
    // The regular-expression router answers places in the stash, the trie router the values themselves.
    const value = typeof at === 'number' ? stash?.[at] : at
    if (value === undefined) continue
    try {
      params[name] = value.includes('%') ? decodeURIComponent(value) : value
    } catch {
      params[name] = value
    }
  }
  return { route, params }
}

/** Collects the body; null as soon as it is longer than `maxBytes`, without keeping the rest. */
function readText(request: IncomingMessage, maxBytes: number): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= maxBytes) chunks.push(chunk)
      else chunks.length = 0
    })
    request.on('end', () => {
      const [first] = chunks
      if (bytes > maxBytes) resolve(null)
      else resolve(chunks.length === 1 && first ? first.toString() : Buffer.concat(chunks).toString())
    })
    // Who hangs up is nobody's trouble, though the error has the code of a database that went away.
    const cutOff = (): void => reject(new BadInput('The request was cut off before its body was complete.'))
    request.on('error', cutOff)
    request.on('close', () => {
      if (!request.complete) cutOff()
    })
  })
}

function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  if (response.destroyed) return
  // A body that nobody read (a refusal came first) must be drained, or the connection cannot be used again.
  if (!request.complete) request.resume()
  const { status, json, rawJson, body, headers } = answer
  if (rawJson !== undefined || json !== undefined) {
    const text = rawJson ?? JSON.stringify(json)
    response.writeHead(status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
      ...headers,
    })
    response.end(text)
    return
  }
  if (typeof body === 'object') {
    response.writeHead(status, { ...headers })
    response.flushHeaders()
    const stream = Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0])
    stream.on('error', () => response.destroy())
    response.on('close', () => stream.destroy())
    stream.pipe(response)
    return
  }
  const text = status === 204 || status === 304 ? '' : (body ?? '')
  response.writeHead(status, {
    ...(status === 204 || status === 304 ? {} : { 'content-length': Buffer.byteLength(text) }),
    ...headers,
  })
  response.end(text)
}
