import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { type FrontDoor, listen, type Rooms } from './front-door.ts'

let door: FrontDoor | undefined
afterEach(async () => {
  await door?.close(0)
  door = undefined
})

const say =
  (word: string): NonNullable<Rooms['api']> =>
  (_request, response) =>
    response.end(word)

const rooms = (overrides: Partial<Rooms> = {}): Rooms => ({
  api: say('api'),
  pages: say('pages'),
  notReady: async () => undefined,
  metrics: async () => 'up 1\n',
  ...overrides,
})

async function opened(overrides: Partial<Rooms> = {}): Promise<string> {
  door = await listen('127.0.0.1', 0)
  door.open(rooms(overrides))
  return `http://127.0.0.1:${door.port}`
}

const textOf = async (url: string) => (await fetch(url)).text()

test.each([
  ['/api/flows/filter', 'api'],
  ['/api', 'api'],
  ['/api?x=1', 'api'],
  ['/api/auth/session', 'pages'],
  ['/hooks/stripe', 'api'],
  ['/docs/api', 'api'],
  ['/docs', 'api'],
  ['/documents', 'pages'],
  ['/apiary', 'pages'],
  ['/', 'pages'],
  ['/account/a/workspace/b/runs', 'pages'],
])('%s goes to %s', async (path, room) => {
  expect(await textOf((await opened()) + path)).toBe(room)
})

test('before it opens it lives but is not ready, and asks to come back', async () => {
  door = await listen('127.0.0.1', 0)
  const url = `http://127.0.0.1:${door.port}`
  expect((await fetch(`${url}/health`)).status).toBe(200)
  expect(await (await fetch(`${url}/ready`)).json()).toEqual({ status: 'not ready', missing: 'starting' })
  const early = await fetch(`${url}/api/flows`)
  expect(early.status).toBe(503)
  expect(early.headers.get('retry-after')).toBe('1')
})

test('readiness names what is missing, also when asking for it fails', async () => {
  let missing: () => Promise<string | undefined> = async () => 'the database'
  const url = await opened({ notReady: () => missing() })
  const told = await fetch(`${url}/ready`)
  expect(told.status).toBe(503)
  expect(await told.json()).toEqual({ status: 'not ready', missing: 'the database' })
  missing = () => Promise.reject(new Error('gone'))
  expect((await fetch(`${url}/ready`)).status).toBe(503)
  missing = async () => undefined
  expect((await fetch(`${url}/ready`)).status).toBe(200)
})

test('metrics are told as text', async () => {
  expect(await textOf(`${await opened()}/metrics`)).toBe('up 1\n')
})

test('a part that is switched off is not found', async () => {
  const url = await opened({ pages: undefined } as unknown as Partial<Rooms>)
  expect((await fetch(`${url}/`)).status).toBe(404)
  expect(await textOf(`${url}/api/x`)).toBe('api')
})

test('a listener that throws answers 500 and takes nobody with it', async () => {
  const url = await opened({
    api: () => {
      throw new Error('a defect')
    },
  })
  expect((await fetch(`${url}/api/x`)).status).toBe(500)
  expect(await textOf(`${url}/`)).toBe('pages')
})

test('a port that is taken is refused', async () => {
  await opened()
  await expect(listen('127.0.0.1', door?.port ?? 0)).rejects.toMatchObject({ code: 'EADDRINUSE' })
})

test('closing lets a request under way finish, and ends event streams at once', async () => {
  let finish = () => {}
  const url = await opened({
    api: (_request, response) => {
      finish = () => response.end('done')
    },
    pages: (_request, response) => {
      response.setHeader('content-type', 'text/event-stream')
      response.write('data: 1\n\n')
    },
  })
  const slow = textOf(`${url}/api/slow`)
  const stream = await fetch(`${url}/live`)
  const streamed = stream.text()
  await expect.poll(() => finish.toString()).toContain('done')
  const closed = door?.close(5_000)
  expect(await streamed).toBe('data: 1\n\n')
  finish()
  expect(await slow).toBe('done')
  await closed
})

test('closing cuts off a request that outstays the grace', async () => {
  let arrived = () => {}
  const arrival = new Promise<void>((resolve) => {
    arrived = resolve
  })
  const url = await opened({ api: () => arrived() })
  const hanging = fetch(`${url}/api/hangs`).then(
    () => 'answered',
    () => 'cut off',
  )
  await arrival
  await door?.close(50)
  expect(await hanging).toBe('cut off')
})

test('an upgrade that nobody takes is refused instead of left hanging', async () => {
  const url = new URL(await opened({ socket: () => false }))
  const asked = request({
    host: url.hostname,
    port: url.port,
    path: '/api/nothing',
    headers: { connection: 'upgrade', upgrade: 'websocket' },
  })
  asked.end()
  const [response] = await once(asked, 'response')
  expect(response.statusCode).toBe(404)
  response.resume()
})

/** What a server says to these bytes until it ends the connection. */
async function exchange(url: string, ...sent: string[]): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  let said = ''
  socket.on('data', (chunk) => {
    said += chunk.toString('latin1')
  })
  for (const part of sent) {
    socket.write(part)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await once(socket, 'close')
  return said
}

test('an offer to speak another protocol is ignored, and the request read whole', async () => {
  const url = await opened({
    api: async (request, response) => {
      const parts: string[] = []
      for await (const part of request) parts.push(String(part))
      const { upgrade, connection, 'http2-settings': settings, 'x-kept': kept } = request.headers
      response.end(JSON.stringify({ body: parts.join(''), upgrade, connection, settings, kept }))
    },
  })
  // As Java's HttpClient begins.
  const offer = 'Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\n'
  const head = `POST /api/flows/ HTTP/1.1\r\nHost: x\r\nX-Kept: \xe4\r\n${offer}Content-Length: 11\r\n\r\n`
  for (const sent of [[`${head}hello world`], [head, 'hello', ' world']]) {
    const [, body = ''] = (await exchange(url, ...sent)).split('\r\n\r\n')
    expect(JSON.parse(body)).toMatchObject({ body: 'hello world', connection: 'close' })
    expect(Object.keys(JSON.parse(body)).sort()).toEqual(['body', 'connection', 'kept'])
  }
})

test.each([
  ['GET http://elsewhere/api/flows?x=1 HTTP/1.1\r\nHost: elsewhere', '200', 'api'],
  ['OPTIONS * HTTP/1.1\r\nHost: x', '400', 'The target of a request is a path'],
  ['GET ftp://x/y HTTP/1.1\r\nHost: x', '400', 'The target of a request is a path'],
  ['GET / HTTP/1.1\r\nHost: ]]]', '400', 'The Host header names no host'],
  ['GET / HTTP/1.1\r\nHost: a b', '400', 'The Host header names no host'],
  ['GET / HTTP/1.1\r\nHost: a:99999', '400', 'The Host header names no host'],
  ['GET / HTTP/1.1\r\nHost: a@b', '400', 'The Host header names no host'],
  ['GET /flows/%E0%A4%A HTTP/1.1\r\nHost: x', '400', 'The path is no text in UTF-8'],
  ['GET /flows/%ED%A0%80 HTTP/1.1\r\nHost: x', '400', 'The path is no text in UTF-8'],
  ['GET / HTTP/1.1\r\nHost: [::1]:3000', '200', 'pages'],
  ['GET / HTTP/1.1\r\nHost: rigel.example.com', '200', 'pages'],
  ['GET / HTTP/1.0', '200', 'pages'],
])('%j is answered %s %s', async (head, status, words) => {
  const said = await exchange(await opened(), `${head}\r\nConnection: close\r\n\r\n`)
  expect(said).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  expect(said).toContain(words)
})

test('a socket that breaks in the middle of an upgrade takes nobody with it', async () => {
  const url = new URL(await opened({ socket: () => true }))
  const socket = connect(Number(url.port), url.hostname)
  socket.write('GET /api/events/in HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
  await new Promise((resolve) => setImmediate(resolve))
  socket.resetAndDestroy()
  expect(await textOf(`${url}api/x`)).toBe('api')
})
