import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import { afterAll, expect, test } from 'vitest'
import { z } from 'zod'
import { createApiListener } from './node-listener.ts'
import { route } from './route.ts'
import type { Services } from './services.ts'

const echo = (method: 'GET' | 'POST', path: string) =>
  route({
    method,
    path,
    permission: { in: 'public', why: 'a test' },
    summary: path,
    tag: 'Test',
    success: { 200: null },
    handle: ({ params }) => ({ status: 200, json: { path: `${method} ${path}`, params } }),
  })

const routes = [
  echo('GET', '/things/{id}'),
  echo('POST', '/things/{id}'),
  echo('GET', '/things/{id}/parts/{part_id}'),
  echo('GET', '/pools/{name}/things/{id}'),
  echo('GET', '/pools/{name}'),
]
const reading = route({
  method: 'POST',
  path: '/bodies',
  permission: { in: 'public', why: 'a test' },
  summary: 'Reads a body',
  tag: 'Test',
  body: z.looseObject({}),
  success: { 200: null },
  handle: () => ({ status: 200, json: {} }),
})
const logged: unknown[] = []
const say = (...words: unknown[]) => logged.push(words)
// Safe: these routes ask for no service but the log.
const services = { log: { warn: say, error: say } } as unknown as Services
const server = createServer(createApiListener(services, [...routes, reading])).listen(0, '127.0.0.1')
await once(server, 'listening')
const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`
afterAll(() => server.close())

const ask = async (path: string, method = 'GET') => {
  const response = await fetch(base + path, { method })
  return response.status === 200 ? ((await response.json()) as unknown) : response.status
}

test('paths of one shape go to one route, each with its own parameters', async () => {
  for (const [a, b] of [randomUUID(), randomUUID(), randomUUID()].map((id, i, ids) => [
    id,
    ids[(i + 1) % 3],
  ])) {
    expect(await ask(`/things/${a}`)).toEqual({ path: 'GET /things/{id}', params: { id: a } })
    expect(await ask(`/things/${a}/`, 'POST')).toEqual({ path: 'POST /things/{id}', params: { id: a } })
    expect(await ask(`/things/${a}/parts/${b}`)).toEqual({
      path: 'GET /things/{id}/parts/{part_id}',
      params: { id: a, part_id: b },
    })
    expect(await ask(`/pools/${b}/things/${a}`)).toEqual({
      path: 'GET /pools/{name}/things/{id}',
      params: { name: b, id: a },
    })
    expect(await ask(`/pools/a-${a}-b`)).toEqual({
      path: 'GET /pools/{name}',
      params: { name: `a-${a}-b` },
    })
    expect(await ask(`/pools/a%20${a}`)).toEqual({ path: 'GET /pools/{name}', params: { name: `a ${a}` } })
    expect(await ask(`/things/${a?.toUpperCase()}`)).toMatchObject({ params: { id: a?.toUpperCase() } })
    expect(await ask(`/things/${a}${b}`)).toBe(404)
    expect(await ask(`/things/x${a}`)).toBe(404)
    expect(await ask(`/other/${a}`)).toBe(404)
    expect(await ask(`/pools/${a}`, 'POST')).toBe(405)
  }
})

test('whoever hangs up in the middle of a body is no trouble of the database, and of nobody else', async () => {
  const arrived = once(server, 'request')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  socket.write('POST /api/bodies HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"half":')
  const [request] = await arrived
  const closed = once(request, 'close').catch(() => undefined)
  socket.destroy()
  await closed
  await new Promise((resolve) => setImmediate(resolve))
  expect(logged).toEqual([])
})

test('a body that comes compressed is refused with what it should be', async () => {
  const send = (encoding: string, body: BodyInit) =>
    fetch(`${base}/bodies`, { method: 'POST', headers: { 'content-encoding': encoding }, body })
  const refused = await send('gzip', gzipSync('{}'))
  expect(refused.status).toBe(415)
  expect(refused.headers.get('accept-encoding')).toBe('identity')
  expect(await refused.json()).toMatchObject({ detail: expect.stringContaining('content-encoding gzip') })
  expect((await send('identity', '{}')).status).toBe(200)
})
