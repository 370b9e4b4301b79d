import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocket, WebSocketServer } from 'ws'
import type { Actor, WorkspaceAccess } from '../../domain/access/actor.ts'
import type { WorkspaceScope } from '../../domain/access/scopes.ts'
import type { Services } from '../services.ts'
import { agentConnect } from './agent-connect.ts'
import { eventsIn } from './events-in.ts'
import { eventsOut } from './events-out.ts'
import { logsOut } from './logs-out.ts'
import { taskSubscription } from './task-subscription.ts'
import { workerChannel } from './worker-channel.ts'

/** Close codes (RFC 6455 §7.4.1) as clients read them. */
export const CLOSE = {
  goingAway: 1001,
  protocol: 1002,
  noText: 1007,
  policy: 1008,
  tooLarge: 1009,
  trouble: 1011,
} as const

const HANDSHAKE_MS = 10_000

/** An authenticated socket of one workspace. */
export interface WorkspaceSocket {
  readonly ws: WebSocket
  readonly services: Services
  readonly actor: Actor
  readonly access: WorkspaceAccess
  readonly workspaceId: string
  readonly userAgent: string | undefined
  readonly handshakeMs: number
  /** What the path's pattern caught, decoded. */
  readonly params: readonly string[]
}

interface SocketRoute {
  readonly path: string | RegExp
  readonly scope: WorkspaceScope
  readonly open: (socket: WorkspaceSocket) => void
}

/** Every socket that is served, and the scope it needs. */
const socketRoutes: readonly SocketRoute[] = [
  { path: '/events/in', scope: 'run_flows', open: eventsIn },
  { path: '/events/out', scope: 'see_flows', open: eventsOut },
  { path: '/logs/out', scope: 'see_flows', open: logsOut },
  { path: '/task_runs/subscriptions/scheduled', scope: 'run_flows', open: taskSubscription },
  { path: /^\/work_pools\/([^/]+)\/workers\/connect$/, scope: 'write_workers', open: workerChannel },
  { path: '/agent/connect', scope: 'run_flows', open: agentConnect },
]

interface FoundRoute {
  readonly route: SocketRoute
  readonly params: readonly string[]
}

function findRoute(path: string): FoundRoute | undefined {
  for (const route of socketRoutes) {
    if (route.path === path) return { route, params: [] }
    const caught = typeof route.path === 'string' ? null : route.path.exec(path)
    if (caught) return { route, params: caught.slice(1).map(decoded) }
  }
  return undefined
}

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const WORKSPACE_PATH =
  /^\/api\/accounts\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\/workspaces\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(\/.*?)\/?$/i

/** Larger than any legal frame, so that an oversized event can be skipped instead of closing on its neighbours. */
const MAX_PAYLOAD = 16 * 1024 * 1024

/** Why the library closes by itself, which knows the code alone: what stood in the way, and what to do. */
const reasonOf: Readonly<Record<number, string>> = {
  [CLOSE.protocol]: 'that is no WebSocket frame of RFC 6455; connect again',
  [CLOSE.noText]: 'a text message must be UTF-8',
  [CLOSE.tooLarge]: `a message may have ${MAX_PAYLOAD} bytes (16 MiB) at most: send less at a time`,
}

class SpokenWebSocket extends WebSocket {
  override close(code?: number, reason?: string | Buffer): void {
    super.close(code, reason ?? reasonOf[code ?? 0])
  }
}

export interface Sockets {
  /** Takes over an HTTP upgrade; answers whether the path is one of ours. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): boolean
  /** Closes all with 1001 and the reason, and waits until they are gone (at most three seconds). */
  closeAll(reason: string): Promise<void>
  readonly count: number
}

export interface SocketOptions {
  /** How long a socket may take to authenticate, and then to say what it wants. Default 10 s. */
  readonly handshakeMs?: number
}

export function createSockets(
  services: Services,
  { handshakeMs = HANDSHAKE_MS }: SocketOptions = {},
): Sockets {
  const server = new WebSocketServer({
    noServer: true,
    WebSocket: SpokenWebSocket,
    maxPayload: MAX_PAYLOAD,
    // A pong is a receipt: each socket answers pings itself, after commit.
    autoPong: false,
    perMessageDeflate: false,
    handleProtocols: (offered) =>
      offered.has('prefect') ? 'prefect' : (offered.values().next().value ?? false),
  })
  let closing = false

  const upgrade = async (
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    path: RegExpExecArray,
  ): Promise<void> => {
    const [, accountId = '', workspaceId = '', rest = ''] = path
    const found = findRoute(rest)
    if (!found) return refuse(socket, 404, 'Not Found')
    const { route } = found
    if (closing) return refuse(socket, 503, 'The server is shutting down')
    const ids = { accountId: accountId.toLowerCase(), workspaceId: workspaceId.toLowerCase() }
    const { authorization, cookie, 'user-agent': userAgent } = request.headers

    if (authorization !== undefined || cookie !== undefined) {
      const actor = await services.identity.authenticate({ authorization, cookie, userAgent })
      // A browser sends cookies along from any page: only our own pages may open a socket with them.
      if (actor?.kind === 'user' && actor.by.type === 'session' && !isSameOrigin(request, services)) {
        return refuse(socket, 403, 'Forbidden')
      }
      if (actor) {
        const access = await services.identity.enterWorkspace(actor, ids.accountId, ids.workspaceId)
        if (!access) return refuse(socket, 404, 'Not Found')
        if (!access.scopes.has(route.scope)) return refuse(socket, 403, 'Forbidden')
        server.handleUpgrade(request, socket, head, (ws) => {
          start(ws, found, actor, access, userAgent, request.headers['sec-websocket-protocol'] !== undefined)
        })
        return
      }
      if (!offersPrefect(request)) return refuse(socket, 401, 'Unauthorized')
    }
    if (!offersPrefect(request)) return refuse(socket, 401, 'Unauthorized')
    server.handleUpgrade(request, socket, head, (ws) => {
      void authenticateByFrame(ws, found, ids, userAgent)
    })
  }

  const start = (
    ws: WebSocket,
    { route, params }: FoundRoute,
    actor: Actor,
    access: WorkspaceAccess,
    userAgent: string | undefined,
    expectsAuthFrame: boolean,
  ): void => {
    guard(ws)
    const stop = services.identity.onRevoked(actor, access.workspaceId, (reason) =>
      ws.close(CLOSE.policy, reason.slice(0, 120)),
    )
    ws.once('close', stop)
    const begin = (): void =>
      route.open({
        ws,
        services,
        actor,
        access,
        workspaceId: access.workspaceId,
        userAgent,
        handshakeMs,
        params,
      })
    // Authenticated by header, yet the client will send an auth frame all the same, and wait for its answer.
    if (expectsAuthFrame && route.path !== '/agent/connect') {
      firstFrame(ws, handshakeMs, "Expected 'auth' message", CLOSE.policy, () => {
        ws.send('{"type":"auth_success"}')
        begin()
      })
    } else begin()
  }

  const authenticateByFrame = async (
    ws: WebSocket,
    found: FoundRoute,
    ids: { accountId: string; workspaceId: string },
    userAgent: string | undefined,
  ): Promise<void> => {
    guard(ws)
    firstFrame(ws, handshakeMs, "Expected 'auth' message", CLOSE.policy, async (frame) => {
      const { type, token } = (frame ?? {}) as { type?: unknown; token?: unknown }
      if (type !== 'auth') return ws.close(CLOSE.policy, "Expected 'auth' message")
      if (typeof token !== 'string' || token === '')
        return ws.close(CLOSE.policy, 'Auth required but no token provided')
      ws.pause()
      const actor = await services.identity.authenticateToken(token, userAgent)
      const access = actor && (await services.identity.enterWorkspace(actor, ids.accountId, ids.workspaceId))
      ws.resume()
      if (!actor || !access?.scopes.has(found.route.scope)) return ws.close(CLOSE.policy, 'Invalid token')
      ws.send('{"type":"auth_success"}')
      start(ws, found, actor, access, userAgent, false)
    })
  }

  return {
    accept(request, socket, head) {
      const path = WORKSPACE_PATH.exec((request.url ?? '').split('?')[0] ?? '')
      if (!path) return false
      socket.on('error', () => socket.destroy())
      upgrade(request, socket, head, path).catch((error: unknown) => {
        services.log.error({ err: error }, 'an upgrade failed')
        refuse(socket, 503, 'Service Unavailable')
      })
      return true
    },
    async closeAll(reason) {
      closing = true
      const open = [...server.clients]
      const gone = open.map((ws) => new Promise<void>((resolve) => ws.once('close', () => resolve())))
      for (const ws of open) ws.close(CLOSE.goingAway, reason.slice(0, 120))
      let timer: NodeJS.Timeout | undefined
      await Promise.race([
        Promise.all(gone),
        new Promise<void>((resolve) => {
          timer = setTimeout(resolve, 3_000)
        }),
      ])
      clearTimeout(timer)
      for (const ws of server.clients) ws.terminate()
    },
    get count() {
      return server.clients.size
    },
  }
}

/** Errors of a socket end that socket: at once, unless it is told why. Torn off then, it might never read that. */
function guard(ws: WebSocket): void {
  if (ws.listenerCount('error') > 0) return
  ws.on('error', () => {
    if (ws.readyState !== ws.CLOSING) ws.terminate()
  })
}

/** Hands over the first frame as JSON; closes when it takes too long or is no JSON. */
export function firstFrame(
  ws: WebSocket,
  withinMs: number,
  expected: string,
  code: number,
  then: (frame: unknown) => unknown,
): void {
  const timer = setTimeout(() => ws.close(code, expected), withinMs)
  ws.once('close', () => clearTimeout(timer))
  const answerPing = (data: Buffer): void => ws.pong(data)
  ws.on('ping', answerPing)
  ws.once('message', (data) => {
    clearTimeout(timer)
    ws.off('ping', answerPing)
    let frame: unknown
    try {
      frame = JSON.parse(String(data))
    } catch {
      ws.close(code, expected)
      return
    }
    Promise.resolve(then(frame)).catch(() => ws.close(CLOSE.trouble, 'Something went wrong on the server'))
  })
}

const offersPrefect = (request: IncomingMessage): boolean =>
  (request.headers['sec-websocket-protocol'] ?? '').split(',').some((name) => name.trim() === 'prefect')

function isSameOrigin(request: IncomingMessage, services: Services): boolean {
  const { origin, host } = request.headers
  if (!origin) return false
  if (services.publicUrl && origin === new URL(services.publicUrl).origin) return true
  try {
    return new URL(origin).host === host
  } catch {
    return false
  }
}

function refuse(socket: Duplex, status: number, text: string): void {
  const body = JSON.stringify({ detail: text })
  socket.end(
    `HTTP/1.1 ${status} ${text}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}
