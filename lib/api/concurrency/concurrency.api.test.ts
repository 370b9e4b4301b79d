import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { beforeAll, describe, expect, test } from 'vitest'
import { type TestTenant, testApi } from '../../testing/api.ts'
import { createApiListener } from '../node-listener.ts'
import { concurrencyRoutes } from './routes.ts'

const { call, tenant, services } = await testApi()
let us: TestTenant
let them: TestTenant
const post = (path: string, body: unknown = {}, who = us) => call(who, 'POST', path, body)
const get = (path: string, who = us) => call(who, 'GET', path)
const patch = (path: string, body: unknown, who = us) => call(who, 'PATCH', path, body)
const remove = (path: string, who = us) => call(who, 'DELETE', path)

beforeAll(async () => {
  us = await tenant()
  them = await tenant()
})

let made = 0
const fresh = async (limit: number, more: object = {}) => {
  const name = `limit-${made++}`
  const answer = await post('/v2/concurrency_limits/', { name, limit, ...more })
  expect(answer.status, answer.text).toBe(201)
  return answer.json as { id: string; name: string }
}
const take = (names: string[], more: object = {}, who = us) =>
  post('/v2/concurrency_limits/increment-with-lease', { names, slots: 1, mode: 'concurrency', ...more }, who)
const active = async (name: string) => (await get(`/v2/concurrency_limits/${name}`)).json.active_slots

describe('a concurrency limit', () => {
  test('is made, read by id and name, changed, listed and deleted', async () => {
    const { id, name } = await fresh(3, { slot_decay_per_second: 0.5 })
    const read = await get(`/v2/concurrency_limits/${id}`)
    expect(read.json).toMatchObject({
      id,
      name,
      limit: 3,
      active: true,
      active_slots: 0,
      slot_decay_per_second: 0.5,
    })
    expect((await get(`/v2/concurrency_limits/${name}`)).text).toBe(read.text)
    expect(
      (await patch(`/v2/concurrency_limits/${name}`, { limit: 5, active: false, name: null })).status,
    ).toBe(204)
    expect((await get(`/v2/concurrency_limits/${id}`)).json).toMatchObject({ name, limit: 5, active: false })
    const listed = await post('/v2/concurrency_limits/filter', {})
    expect(listed.json.map((row: { name: string }) => row.name)).toContain(name)
    const page = await post('/v2/concurrency_limits/paginate', { limit: 1 })
    expect(page.json).toMatchObject({ page: 1, limit: 1, results: [{ name: expect.any(String) }] })
    expect((await remove(`/v2/concurrency_limits/${id}`)).status).toBe(204)
    expect((await get(`/v2/concurrency_limits/${id}`)).status).toBe(404)
    expect((await remove(`/v2/concurrency_limits/${name}`)).status).toBe(404)
    const events = (
      await post('/events/filter', {
        filter: { resource: { id: [`prefect.concurrency-limit.${id}`] }, order: 'ASC' },
      })
    ).json.events
    expect(events.map((event: { event: string }) => event.event)).toEqual(
      ['created', 'updated', 'deleted'].map((happened) => `prefect.concurrency-limit.${happened}`),
    )
    expect(events[0].payload).toEqual({ name, limit: 3, active: true, slot_decay_per_second: 0.5 })
  })

  test('has a name of its own, and numbers that can be', async () => {
    const { name } = await fresh(1)
    const other = await fresh(1)
    expect((await post('/v2/concurrency_limits/', { name, limit: 1 })).status).toBe(409)
    expect((await patch(`/v2/concurrency_limits/${other.id}`, { name })).status).toBe(409)
    expect((await post('/v2/concurrency_limits/', { name, limit: 1 }, them)).status).toBe(201)
    for (const body of [
      { name: 'x' },
      { name: 'x', limit: -1 },
      { name: 'x', limit: 2 ** 31 },
      { name: 'x', limit: 1.5 },
      { name: 'a/b', limit: 1 },
      { name: 'a%', limit: 1 },
      { name: '', limit: 1 },
      { name: 'x', limit: 1, slot_decay_per_second: -1 },
      { name: 'x', limit: 1, active_slots: -1 },
    ])
      expect((await post('/v2/concurrency_limits/', body)).status, JSON.stringify(body)).toBe(422)
    expect((await patch(`/v2/concurrency_limits/${name}`, { limit: -1 })).status).toBe(422)
  })

  test('of a stranger is not there, and a viewer only looks', async () => {
    const { id, name } = await fresh(1)
    const { lease_id } = (await take([name])).json
    for (const which of [id, name]) {
      const path = `/v2/concurrency_limits/${which}`
      if (which === id) {
        expect((await get(path, them)).status).toBe(404)
        expect((await patch(path, { limit: 9 }, them)).status).toBe(404)
        expect((await remove(path, them)).status).toBe(404)
        expect((await get(`${path}/slots`, them)).status).toBe(404)
        expect((await get(`${path}/waiters`, them)).status).toBe(404)
      }
      expect((await remove(`${path}/slots/${lease_id}`, them)).status).toBe(404)
    }
    expect((await post('/v2/concurrency_limits/decrement-with-lease', { lease_id }, them)).status).toBe(204)
    expect((await post(`/v2/concurrency_limits/leases/${lease_id}/renew`, {}, them)).status).toBe(410)
    expect(await active(name)).toBe(1)
    const key = us.key('viewer')
    expect((await call(us, 'GET', `/v2/concurrency_limits/${id}`, undefined, { key })).status).toBe(200)
    expect((await call(us, 'PATCH', `/v2/concurrency_limits/${id}`, {}, { key })).status).toBe(403)
    expect(
      (await call(us, 'DELETE', `/v2/concurrency_limits/${id}/slots/${lease_id}`, undefined, { key })).status,
    ).toBe(403)
  })

  test('shows the slots that an operator set as set, and gives them to nobody else', async () => {
    const { name } = await fresh(5, { active_slots: 2 })
    expect(await active(name)).toBe(2)
    const lease = (await take([name], { slots: 2 })).json.lease_id
    expect(await active(name)).toBe(4)
    for (const [set, holders] of [
      [7, ['client', 'operator']],
      [2, ['client']],
      [3, ['client', 'operator']],
      [1, ['operator']],
      [0, []],
    ] as const) {
      await patch(`/v2/concurrency_limits/${name}`, { active_slots: set })
      expect(await active(name)).toBe(set)
      const ledger = (await get(`/v2/concurrency_limits/${name}/slots`)).json
      expect(ledger.map((held: { holder: { type: string } }) => held.holder.type)).toEqual(holders)
    }
    expect((await post(`/v2/concurrency_limits/leases/${lease}/renew`, {})).status).toBe(410)
  })
})

describe('taking slots', () => {
  test('answers 423 with a Retry-After when there are none, and 422 when there can be none', async () => {
    const { name } = await fresh(1)
    const first = await take([name], { holder: { type: 'flow_run', id: randomUUID() } })
    expect(first.json).toEqual({
      lease_id: expect.any(String),
      limits: [{ id: expect.any(String), name, limit: 1 }],
    })
    const full = await take([name])
    expect(full.status).toBe(423)
    expect(Number(full.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(full.json.detail).toContain(name)
    const never = await take([name], { slots: 2 })
    expect([never.status, never.json.detail]).toEqual([422, 'Slots requested is greater than the limit'])
    expect((await take([name], { mode: 'rate_limit' })).status).toBe(422)
    for (const lease_duration of [59, 86_401, 'x'])
      expect((await take([name], { lease_duration })).status).toBe(422)
    for (const slots of [0, -1, 1.5, 2 ** 31]) expect((await take([name], { slots })).status).toBe(422)
  })

  test('lasts while it is renewed, and is over when it is ended', async () => {
    const { name } = await fresh(1)
    const { lease_id } = (await take([name])).json
    const renew = () => post(`/v2/concurrency_limits/leases/${lease_id}/renew`, { lease_duration: 60 })
    expect((await renew()).status).toBe(204)
    const end = () => post('/v2/concurrency_limits/decrement-with-lease', { lease_id })
    expect([(await end()).status, (await end()).status]).toEqual([204, 204])
    const gone = await renew()
    expect([gone.status, gone.json.detail]).toEqual([
      410,
      'Lease not found - it may have expired or been revoked',
    ])
  })

  test('of limits that are not there takes nothing, and its lease is as good as any', async () => {
    const { status, json } = await take(['absent'])
    expect([status, json.limits]).toEqual([200, []])
    expect((await post(`/v2/concurrency_limits/leases/${json.lease_id}/renew`, {})).status).toBe(204)
    expect((await post('/v2/concurrency_limits/increment', { names: ['absent'], slots: 1 })).json).toEqual([])
  })

  test('without a lease lasts until it is given back', async () => {
    const { name } = await fresh(2)
    const plain = (verb: string) =>
      post(`/v2/concurrency_limits/${verb}`, { names: [name], slots: 2, occupancy_seconds: 9 })
    expect((await plain('increment')).json).toEqual([{ id: expect.any(String), name, limit: 2 }])
    expect((await plain('increment')).status).toBe(423)
    expect((await plain('decrement')).json).toHaveLength(1)
    const ofNone = await post('/v2/concurrency_limits/decrement', { names: [], slots: 1 })
    expect(ofNone).toMatchObject({ status: 200, json: [] })
    expect(await active(name)).toBe(0)
    expect((await get(`/v2/concurrency_limits/${name}`)).json.avg_slot_occupancy_seconds).toBeGreaterThan(2)
  })

  test('waits as long as it is told to, and gets what comes free', async () => {
    const { name } = await fresh(1)
    const { lease_id } = (await take([name])).json
    const waiting = take([name], { wait_seconds: 30 })
    // A second waiter that is turned away shows that the first stands in line.
    expect((await take([name])).status).toBe(423)
    await post('/v2/concurrency_limits/decrement-with-lease', { lease_id })
    expect((await waiting).status).toBe(200)
    expect((await take([name], { wait_seconds: 31 })).status).toBe(422)
  })
})

test('numbers at the edge of what can be are kept, and upset nobody', async () => {
  const most = 2 ** 31 - 1
  const { name } = await fresh(most, { slot_decay_per_second: 5e-324 })
  const take = () =>
    post('/v2/concurrency_limits/increment', { names: [name], slots: 1_000_000_000, mode: 'rate_limit' })
  expect([(await take()).status, (await take()).status, (await take()).status]).toEqual([200, 200, 423])
  await patch(`/v2/concurrency_limits/${name}`, { active_slots: most })
  expect(await active(name)).toBe(most)
  expect((await take()).status).toBe(423)
  await patch(`/v2/concurrency_limits/${name}`, { slot_decay_per_second: 1_000_000, active_slots: 0 })
  const back = { names: [name], slots: 1, occupancy_seconds: Number.MAX_VALUE }
  expect((await post('/v2/concurrency_limits/decrement', back)).status).toBe(200)
  expect((await get(`/v2/concurrency_limits/${name}`)).json.avg_slot_occupancy_seconds).toBeLessThan(1e9)
})

describe('the ledger of a limit', () => {
  test('names who holds slots, since when and until when', async () => {
    const { name } = await fresh(4)
    const flow = (await post('/flows/', { name: 'holder' })).json
    const run = (await post('/flow_runs/', { flow_id: flow.id, name: 'brave-owl' })).json
    await take([name], { holder: { type: 'flow_run', id: run.id }, lease_duration: 60 })
    await post('/v2/concurrency_limits/increment', { names: [name], slots: 2 })
    const ledger = (await get(`/v2/concurrency_limits/${name}/slots`)).json
    expect(ledger).toMatchObject([
      { slots: 1, holder: { type: 'flow_run', id: run.id, name: 'brave-owl' }, until: expect.any(String) },
      { slots: 2, holder: { type: 'client', id: null, name: null }, until: null },
    ])
    expect(Date.parse(ledger[0].until) - Date.parse(ledger[0].since)).toBe(60_000)
    // What a run holds goes with it.
    expect((await remove(`/flow_runs/${run.id}`)).status).toBe(204)
    expect(await active(name)).toBe(2)
  })

  test('can be struck: the holder learns it when it renews, and who waits gets the slot', async () => {
    const { name } = await fresh(1)
    const { lease_id } = (await take([name])).json
    const waiting = take([name], { wait_seconds: 30 })
    expect((await take([name])).status).toBe(423)
    expect((await remove(`/v2/concurrency_limits/${name}/slots/${lease_id}`)).status).toBe(204)
    expect((await waiting).status).toBe(200)
    expect((await remove(`/v2/concurrency_limits/${name}/slots/${lease_id}`)).status).toBe(404)
    expect((await post(`/v2/concurrency_limits/leases/${lease_id}/renew`, {})).status).toBe(410)
  })
})

describe('the line of a limit', () => {
  const line = async (name: string) => (await get(`/v2/concurrency_limits/${name}/waiters`)).json

  test('names who waits, since when, and when it asks again', async () => {
    const { name } = await fresh(1)
    const { lease_id } = (await take([name])).json
    expect(await line(name)).toEqual([])
    const flow = (await post('/flows/', { name: 'waiter' })).json
    const run = (await post('/flow_runs/', { flow_id: flow.id, name: 'patient-owl' })).json
    const holder = { type: 'flow_run', id: run.id }
    expect((await take([name], { holder })).status).toBe(423)
    const waiting = take([name], { wait_seconds: 30 })
    // Who gives no name and does not wait is not known to.
    expect((await take([name])).status).toBe(423)
    await expect.poll(() => line(name)).toHaveLength(2)
    const both = await line(name)
    expect(both).toMatchObject([
      { slots: 1, holder: { ...holder, name: 'patient-owl' }, asks_again: expect.any(String) },
      { slots: 1, holder: { type: 'client', id: null, name: null }, asks_again: null },
    ])
    expect(Date.parse(both[0].asks_again)).toBeGreaterThan(Date.parse(both[0].since))
    // A run that has ended asks no more.
    await post(`/flow_runs/${run.id}/set_state`, { state: { type: 'CANCELLED' }, force: true })
    expect(await line(name)).toHaveLength(1)
    await post('/v2/concurrency_limits/decrement-with-lease', { lease_id })
    expect((await waiting).status).toBe(200)
    expect(await line(name)).toEqual([])
    const key = us.key('viewer')
    const path = `/v2/concurrency_limits/${name}/waiters`
    expect((await call(us, 'GET', path, undefined, { key })).status).toBe(200)
    expect((await get('/v2/concurrency_limits/absent/waiters')).status).toBe(404)
  })

  test('shows task runs that wait for their tag', async () => {
    await post('/concurrency_limits/', { tag: 'narrow', concurrency_limit: 1 })
    const [a, b] = [randomUUID(), randomUUID()]
    const ask = (task_run_id: string) =>
      post('/concurrency_limits/increment', { names: ['narrow'], task_run_id })
    expect([(await ask(a)).status, (await ask(b)).status]).toEqual([200, 423])
    expect(await line('tag:narrow')).toMatchObject([{ holder: { type: 'task_run', id: b } }])
    await post('/concurrency_limits/decrement', { names: ['narrow'], task_run_id: a })
    expect((await ask(b)).status).toBe(200)
    expect(await line('tag:narrow')).toEqual([])
    await remove('/concurrency_limits/tag/narrow')
  })

  test('moves on when its limit is raised, switched off, or deleted', async () => {
    const [raised, off, gone] = [await fresh(1), await fresh(1), await fresh(1)]
    const waiting = await Promise.all(
      [raised, off, gone].map(async ({ name }) => {
        await take([name])
        const answer = take([name], { wait_seconds: 30 })
        await expect.poll(() => line(name)).toHaveLength(1)
        return { answer }
      }),
    )
    await patch(`/v2/concurrency_limits/${raised.name}`, { limit: 2 })
    await patch(`/v2/concurrency_limits/${off.name}`, { active: false })
    await remove(`/v2/concurrency_limits/${gone.name}`)
    const answers = await Promise.all(waiting.map(({ answer }) => answer))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(answers.map(({ json }) => json.limits.length)).toEqual([1, 1, 0])
    expect([await line(raised.name), await line(off.name)]).toEqual([[], []])
  })

  test('keeps nothing for those who asked for the limit by a name that it has no more', async () => {
    const { id, name } = await fresh(1)
    const { lease_id } = (await take([name])).json
    const old = take([name], { wait_seconds: 30 })
    await expect.poll(() => line(name)).toHaveLength(1)
    await patch(`/v2/concurrency_limits/${id}`, { name: `${name}-new` })
    // There is no limit of that name: nothing holds it back.
    expect((await old).json.limits).toEqual([])
    expect(await line(id)).toEqual([])
    await post('/v2/concurrency_limits/decrement-with-lease', { lease_id })
    expect((await take([`${name}-new`])).json.limits).toMatchObject([{ id }])
  })

  test('is left by whom nobody can serve any more', async () => {
    const { name } = await fresh(2)
    await take([name])
    const waiting = take([name], { slots: 2, wait_seconds: 30 })
    await expect.poll(() => line(name)).toHaveLength(1)
    await patch(`/v2/concurrency_limits/${name}`, { limit: 1 })
    expect((await waiting).status).toBe(422)
    expect(await line(name)).toEqual([])
  })
})

describe('limits of tags', () => {
  test('are made, changed, read, reset and deleted as old clients do', async () => {
    const tag = 'gpu/big'
    const first = await post('/concurrency_limits/', { tag, concurrency_limit: 2 })
    const second = await post('/concurrency_limits/', { tag, concurrency_limit: 3 })
    expect([first.status, second.status, second.json.id]).toEqual([201, 200, first.json.id])
    const byTag = `/concurrency_limits/tag/${encodeURIComponent(tag)}`
    expect((await get(byTag)).json).toMatchObject({ tag, concurrency_limit: 3, active_slots: [] })
    expect((await get(`/concurrency_limits/${first.json.id}`)).json.tag).toBe(tag)
    const holders = [randomUUID(), randomUUID()]
    expect((await post(`${byTag}/reset`, { slot_override: holders })).status).toBe(200)
    expect((await get(byTag)).json.active_slots.sort()).toEqual([...holders].sort())
    expect((await post(`${byTag}/reset`)).status).toBe(200)
    expect((await get(byTag)).json.active_slots).toEqual([])
    expect((await post('/concurrency_limits/filter', {})).json).toMatchObject([{ tag }])
    expect((await remove(byTag)).status).toBe(200)
    expect((await get(byTag)).status).toBe(404)
    expect((await post(`${byTag}/reset`)).status).toBe(404)
  })

  test('are no other limits', async () => {
    const { id } = await fresh(1)
    expect((await get(`/concurrency_limits/${id}`)).status).toBe(404)
    expect((await remove(`/concurrency_limits/${id}`)).status).toBe(404)
    const answer = await post('/concurrency_limits/', { tag: 'x', concurrency_limit: -1 })
    expect(answer.status).toBe(422)
  })

  test('give a task run one slot of each of its tags, however often it asks', async () => {
    for (const tag of ['one', 'two']) await post('/concurrency_limits/', { tag, concurrency_limit: 1 })
    const [a, b] = [randomUUID(), randomUUID()]
    const ask = (verb: string, task_run_id: string, names = ['one', 'two', 'absent']) =>
      post(`/concurrency_limits/${verb}`, { names, task_run_id })
    const both = [
      { id: expect.any(String), name: 'one', limit: 1 },
      { id: expect.any(String), name: 'two', limit: 1 },
    ]
    expect((await ask('increment', a)).json).toEqual(both)
    expect((await ask('increment', a)).json).toEqual(both)
    const full = await ask('increment', b, ['two'])
    expect([full.status, Number(full.headers.get('retry-after')) > 0]).toEqual([423, true])
    expect((await get('/concurrency_limits/tag/two')).json.active_slots).toEqual([a])
    expect((await ask('decrement', a)).json).toEqual(both)
    expect((await ask('increment', b, ['two'])).status).toBe(200)
  })

  test('of no slots refuse without a time to try again', async () => {
    await post('/concurrency_limits/', { tag: 'shut', concurrency_limit: 0 })
    const answer = await post('/concurrency_limits/increment', { names: ['shut'], task_run_id: randomUUID() })
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([423, null])
    expect(answer.json.detail).toContain('is 0 and will deadlock')
  })
})

test('who waits and hangs up is out of the line, and takes no slot for nobody', async () => {
  const { name } = await fresh(1)
  const { lease_id } = (await take([name])).json
  const server = createServer(createApiListener(services, concurrencyRoutes)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const connected = once(server, 'connection') as Promise<[Socket]>
  const waiting = request({
    method: 'POST',
    port: (server.address() as AddressInfo).port,
    path: `${us.base}/v2/concurrency_limits/increment`,
    headers: { authorization: `Bearer ${us.key()}`, 'content-type': 'application/json' },
  }).on('error', () => {})
  waiting.end(JSON.stringify({ names: [name], slots: 1, wait_seconds: 30 }))
  const [socket] = await connected
  await expect
    .poll(async () => (await get(`/v2/concurrency_limits/${name}`)).json.denied_slots)
    .toBeGreaterThan(0)
  const closed = once(socket, 'close')
  waiting.destroy()
  await closed
  const next = take([name], { wait_seconds: 30 })
  await post('/v2/concurrency_limits/decrement-with-lease', { lease_id })
  expect((await next).status).toBe(200)
  expect(await active(name)).toBe(1)
  server.close()
})

test('who waits goes on when the limit is raised or deleted', async () => {
  const { name } = await fresh(1)
  await take([name])
  const waiting = take([name], { wait_seconds: 30 })
  expect((await take([name])).status).toBe(423)
  await patch(`/v2/concurrency_limits/${name}`, { limit: 2 })
  expect((await waiting).status).toBe(200)
  const again = take([name], { wait_seconds: 30 })
  expect((await take([name])).status).toBe(423)
  await remove(`/v2/concurrency_limits/${name}`)
  expect((await again).json.limits).toEqual([])
  await services.engine.drain()
})
