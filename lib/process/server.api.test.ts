import { once } from 'node:events'
import { expect, test } from 'vitest'
import WebSocket from 'ws'
import { startTestServer } from '../testing/server.ts'

const server = await startTestServer()

test('is ready, healthy and measured', async () => {
  expect((await fetch(`${server.url}/ready`)).status).toBe(200)
  expect((await fetch(`${server.url}/health`)).status).toBe(200)
  expect(await (await fetch(`${server.url}/metrics`)).text()).toContain('rigel_sockets')
})

test('a tenant writes and reads with its key', async () => {
  const tenant = await server.tenant()
  const made = await tenant.call('POST', '/flows/', { name: 'hello' })
  expect(made.status).toBe(201)
  const { id } = await made.json()
  expect(await (await tenant.call('GET', `/flows/${id}`)).json()).toMatchObject({ name: 'hello' })
})

test('another tenant finds nothing there', async () => {
  const [mine, theirs] = await Promise.all([server.tenant(), server.tenant()])
  const { id } = await (await mine.call('POST', '/flows/', { name: 'hello' })).json()
  expect((await theirs.call('GET', `/flows/${id}`)).status).toBe(404)
})

test('without a key nothing is told', async () => {
  const tenant = await server.tenant()
  expect((await fetch(`${tenant.url}/flows/filter`, { method: 'POST', body: '{}' })).status).toBe(401)
})

test('a shutdown closes sockets with 1001 and keeps what was accepted', async () => {
  const other = await startTestServer()
  const tenant = await other.tenant()
  const socket = new WebSocket(`${tenant.url.replace('http', 'ws')}/events/in`, {
    headers: { authorization: `Bearer ${tenant.apiKey}` },
  })
  await once(socket, 'open')
  const closed = once(socket, 'close')
  const writes = Array.from({ length: 50 }, (_, n) => tenant.call('POST', '/flows/', { name: `flow ${n}` }))
  const first = await Promise.race(writes)
  expect(first.status).toBe(201)
  const stopped = other.running.close()
  const [code, reason] = await closed
  expect(code).toBe(1001)
  expect(String(reason)).toContain('shutting down')
  const statuses = await Promise.allSettled(writes)
  expect(statuses.every((each) => each.status === 'rejected' || each.value.status === 201)).toBe(true)
  await stopped
})
