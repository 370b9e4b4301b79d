import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { RollCall } from './roll-call.ts'

export type Listener = (request: IncomingMessage, response: ServerResponse) => unknown

/** Who takes what comes in. A part that this process does not serve is absent. */
export interface Rooms {
  /** `/api/*` but for `/api/auth/*`, `/hooks/*`, `/docs/*`. */
  readonly api?: Listener
  /** Everything else. */
  readonly pages?: Listener
  /** Takes the socket and answers true, or leaves it alone. */
  readonly socket?: (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean
  /** The compiler's own socket in development. */
  readonly pagesSocket?: (request: IncomingMessage, socket: Duplex, head: Buffer) => unknown
  /** Empty when ready; otherwise what is missing. */
  readonly notReady: () => Promise<string | undefined>
  readonly metrics: () => Promise<string>
  /** Called when an answer of the API or of a page has been sent. */
  readonly onRequest?: (room: 'api' | 'pages', status: number, seconds: number) => void
}

export interface FrontDoor {
  readonly port: number
  /** Until then every request is asked to come back. */
  open(rooms: Rooms): void
  /**
   * Takes no new connections, lets running requests finish for at most `graceMs`, ends event streams at once, and
   * closes what is left.
   */
  close(graceMs: number): Promise<void>
}

const belongsToApi = (path: string): boolean =>
  (path.startsWith('/api/') && !path.startsWith('/api/auth/')) ||
  path === '/api' ||
  path.startsWith('/hooks/') ||
  path === '/docs' ||
  path.startsWith('/docs/')

function pathOf(request: IncomingMessage): string {
  const target = request.url ?? '/'
  const end = target.search(/[?#]/)
  return end < 0 ? target : target.slice(0, end)
}

/** What Next makes links of: a name or an address, with a port or without. Anything else breaks its URLs. */
const HOST = /^(?:\[[0-9a-f:.]+\]|[\w.-]+)(?::\d{1,5})?$/i

const isHost = (host: string): boolean => HOST.test(host) && URL.canParse(`http://${host}`)

/** Whether Next can read the path: of one that is no text in UTF-8 it makes an error of its own. */
function isText(path: string): boolean {
  if (!path.includes('%')) return true
  try {
    decodeURIComponent(path)
    return true
  } catch {
    return false
  }
}

/**
 * Proxies ask for `http://host/path`, which a server has to take as `/path` (RFC 9112 §3.2.2). Answers whether the target
 * is a path from then on: that of `OPTIONS *` never is.
 */
function leadToPath(request: IncomingMessage): boolean {
  const target = request.url ?? ''
  if (target.startsWith('/')) return true
  if (!/^https?:\/\//i.test(target) || !URL.canParse(target)) return false
  const { pathname, search } = new URL(target)
  request.url = pathname + search
  return true
}

const isWebSocket = (request: IncomingMessage): boolean =>
  /(^|,)\s*websocket\s*(,|$)/i.test(request.headers.upgrade ?? '')

const isOffer = /^(?:upgrade|http2-settings)$/i

/** The head of a request as it came, but without the offer to speak another protocol. */
function headWithoutOffer({ method, url, httpVersion, rawHeaders }: IncomingMessage): string {
  const lines = [`${method} ${url} HTTP/${httpVersion}`]
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? ''
    const value = rawHeaders[at + 1] ?? ''
    if (isOffer.test(name)) continue
    const kept = value.split(',').filter((each) => !isOffer.test(each.trim()))
    if (!/^connection$/i.test(name)) lines.push(`${name}: ${value}`)
    else if (kept.length > 0) lines.push(`${name}: ${kept.join(',')}`)
  }
  return `${lines.join('\r\n')}\r\n\r\n`
}

function answer(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  response.writeHead(status, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'content-length': Buffer.byteLength(text),
    ...headers,
  })
  response.end(response.req.method === 'HEAD' ? undefined : text)
}

// Asked for or set: headers that were written all at once cannot be read back.
const isEventStream = (response: ServerResponse): boolean =>
  response.req.headers.accept?.includes('text/event-stream') === true ||
  String(response.getHeader('content-type') ?? '').startsWith('text/event-stream')

class Door implements FrontDoor {
  readonly #server: Server
  readonly #running = new RollCall<ServerResponse>()
  /** The server forgets a socket once it is upgraded, but still waits for its end when it closes. */
  readonly #upgraded = new Set<Duplex>()
  #rooms: Rooms | undefined
  #closing = false

  constructor(server: Server) {
    this.#server = server
    server.on('request', (request: IncomingMessage, response: ServerResponse) =>
      this.#take(request, response),
    )
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (!isWebSocket(request)) {
        this.#readAgain(request, socket, head)
        return
      }
      // A client that goes away in the middle of an upgrade must not end the process.
      socket.on('error', () => socket.destroy())
      this.#upgraded.add(socket)
      socket.once('close', () => this.#upgraded.delete(socket))
      const rooms = this.#closing ? undefined : this.#rooms
      if (leadToPath(request) && rooms?.socket?.(request, socket, head)) return
      if (rooms?.pagesSocket) rooms.pagesSocket(request, socket, head)
      else
        socket.end(
          `HTTP/1.1 ${rooms ? '404 Not Found' : '503 Service Unavailable'}\r\nConnection: close\r\n\r\n`,
        )
    })
  }

  /**
   * What is offered and not spoken here is ignored, not refused (RFC 9110 §7.8): Java's client and `curl --http2` offer h2c
   * with every first request. Node lets go of the connection at any offer; so it gets it back, and the request without it.
   */
  #readAgain(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.unshift(Buffer.concat([Buffer.from(headWithoutOffer(request), 'latin1'), head]))
    this.#server.emit('connection', socket)
  }

  get port(): number {
    // Safe: the server listens on TCP from before this object exists until it is closed.
    return (this.#server.address() as AddressInfo).port
  }

  open(rooms: Rooms): void {
    this.#rooms = rooms
  }

  #take(request: IncomingMessage, response: ServerResponse): unknown {
    const leave = this.#running.add(response)
    // One listener for all that is done at the end: there is a request for each.
    let onRequest: Rooms['onRequest']
    let room: 'api' | 'pages' = 'api'
    let started = 0
    response.once('close', () => {
      leave()
      // An event stream lasts as long as its page is open, which says nothing about speed.
      if (!onRequest || !response.writableFinished || isEventStream(response)) return
      onRequest(room, response.statusCode, (performance.now() - started) / 1000)
    })
    // Tells a kept-alive client to open its next connection elsewhere.
    if (this.#closing) response.setHeader('connection', 'close')
    if (!leadToPath(request)) return answer(response, 400, { detail: 'The target of a request is a path.' })
    const path = pathOf(request)
    if (path === '/health') return answer(response, 200, { status: 'ok' })
    const rooms = this.#rooms
    if (path === '/ready') return this.#tellReady(rooms, response)
    if (!rooms) return answer(response, 503, { detail: 'Rigel is starting.' }, { 'retry-after': '1' })
    if (path === '/metrics') return this.#tellMetrics(rooms, response)
    room = belongsToApi(path) ? 'api' : 'pages'
    const { host } = request.headers
    if (room === 'pages' && host && !isHost(host))
      return answer(response, 400, { detail: 'The Host header names no host.' })
    if (room === 'pages' && !isText(path))
      return answer(response, 400, { detail: 'The path is no text in UTF-8.' })
    const listener = rooms[room]
    if (rooms.onRequest) {
      onRequest = rooms.onRequest
      started = performance.now()
    }
    if (!listener) return answer(response, 404, { detail: 'Not Found', exception_message: 'Not Found' })
    return this.#run(listener, request, response)
  }

  async #run(listener: Listener, request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await listener(request, response)
    } catch {
      // The listeners log and answer their own errors; here one can only keep the client from waiting.
      if (!response.headersSent) answer(response, 500, { detail: 'Something went wrong on the server.' })
      else response.destroy()
    }
  }

  async #tellReady(rooms: Rooms | undefined, response: ServerResponse): Promise<void> {
    const missing = this.#closing
      ? 'shutting down'
      : rooms
        ? await rooms.notReady().catch((error: unknown) => String(error))
        : 'starting'
    answer(response, missing ? 503 : 200, missing ? { status: 'not ready', missing } : { status: 'ready' })
  }

  async #tellMetrics(rooms: Rooms, response: ServerResponse): Promise<void> {
    const text = await rooms.metrics().catch(() => undefined)
    if (text === undefined) return answer(response, 500, { detail: 'The metrics could not be collected.' })
    answer(response, 200, text, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' })
  }

  async close(graceMs: number): Promise<void> {
    if (this.#closing) return
    this.#closing = true
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const response of this.#running) if (isEventStream(response)) response.end()
    this.#server.closeIdleConnections()
    // Connections that finish their request during the grace would otherwise stay open, idle.
    const sweep = setInterval(() => this.#server.closeIdleConnections(), 100)
    const force = setTimeout(() => {
      this.#server.closeAllConnections()
      for (const socket of this.#upgraded) socket.destroy()
    }, graceMs)
    await closed
    clearInterval(sweep)
    clearTimeout(force)
  }
}

/** Listens, and answers with the door still shut: the port is known, and a second server on it fails at once. */
export function listen(host: string, port: number): Promise<FrontDoor> {
  const server = createServer({
    // Against clients that trickle: the header within 15 s, the whole request within 60 s, looked at every 5 s.
    headersTimeout: 15_000,
    requestTimeout: 60_000,
    connectionsCheckingInterval: 5_000,
    // Longer than proxies keep idle connections (60 s as a rule), so that it is they who close them and none is lost.
    keepAliveTimeout: 75_000,
    noDelay: true,
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, backlog: 1024 }, () => {
      server.removeListener('error', reject)
      resolve(new Door(server))
    })
  })
}
