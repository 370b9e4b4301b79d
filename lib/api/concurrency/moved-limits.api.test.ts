import { randomUUID } from 'node:crypto'
import { expect, test, vi } from 'vitest'
import { startTestServer } from '../../testing/server.ts'

// Whoever waits for slots of a limit hears at once when an operator changes it, on whichever replica either is.

const here = await startTestServer({ services: false })
const there = await startTestServer({ services: false, replicaOf: here })
await vi.waitUntil(
  () => [here, there].every((server) => server.running.application.services.replicas.peers === 1),
  { timeout: 10_000 },
)
const tenant = await here.tenant()

type Json = Record<string, unknown> & { readonly id: string; readonly state: { readonly name: string } }
const ask = async (method: string, path: string, body?: unknown): Promise<Json> => {
  const answer = await tenant.call(method, path, body)
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
  return (answer.status === 204 ? {} : await answer.json()) as Json
}
/** By the other process. */
const askThere = async (method: string, path: string, body: unknown): Promise<number> => {
  const answer = await fetch(tenant.url.replace(here.url, there.url) + path, {
    method,
    headers: { authorization: `Bearer ${tenant.apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return answer.status
}

const flow = await ask('POST', '/flows/', { name: 'limited' })
const limit = (slots = 1) =>
  ask('POST', '/v2/concurrency_limits/', { name: randomUUID(), limit: slots, active: true })
const deployment = (more: object) =>
  ask('POST', '/deployments/', { flow_id: flow.id, name: randomUUID(), ...more })
const claim = (id: string) =>
  ask('POST', `/flow_runs/${id}/set_state`, { state: { type: 'PENDING', name: 'Pending' } })

/** A run that has the one slot, and two that wait for it. */
async function waiting(deploymentId: string): Promise<readonly string[]> {
  const ids: string[] = []
  for (let n = 0; n < 3; n++)
    ids.push((await ask('POST', `/deployments/${deploymentId}/create_flow_run`, {})).id)
  for (const id of ids) await claim(id)
  return ids.slice(1)
}
const areDue = async (ids: readonly string[]) =>
  (
    await here.db.engine<{ due: boolean }[]>`
      select next_scheduled_start_at <= now() as due from flow_runs where id = any (${[...ids]}) order by expected_start_at`
  ).map(({ due }) => due)

test.each([
  ['a slot more of its own limit', { concurrency_limit: 2 }, [true, false]],
  ['all the slots that they need', { concurrency_limit: 9 }, [true, true]],
  ['no limit any more', { concurrency_limit: null }, [true, true]],
])('runs that wait are due at once when their deployment has %s', async (_, change, due) => {
  const { id } = await deployment({ concurrency_limit: 1 })
  const runs = await waiting(id)
  expect(await areDue(runs)).toEqual([false, false])
  await ask('PATCH', `/deployments/${id}`, change)
  await expect.poll(() => areDue(runs), { timeout: 5_000 }).toEqual(due)
})

test.each([
  ['is raised', 'PATCH', { limit: 2 }, [true, false]],
  ['is switched off', 'PATCH', { active: false }, [true, true]],
  ['has slots that an operator frees', 'PATCH', { active_slots: 0 }, [true, false]],
  ['is deleted', 'DELETE', undefined, [true, true]],
])('runs that wait for a shared limit are due at once when it %s', async (_, method, change, due) => {
  const shared = await limit()
  const { id } = await deployment({ global_concurrency_limit_id: shared.id })
  const runs = await waiting(id)
  expect(await areDue(runs)).toEqual([false, false])
  await ask(method, `/v2/concurrency_limits/${shared.id}`, change)
  await expect.poll(() => areDue(runs), { timeout: 5_000 }).toEqual(due)
})

test('a deployment that goes to another limit takes its runs along, and leaves the line to those behind', async () => {
  const [old, next] = [await limit(), await limit(5)]
  const going = await deployment({ global_concurrency_limit_id: old.id })
  const staying = await deployment({ global_concurrency_limit_id: old.id })
  const gone = await waiting(going.id)
  const stays = await ask('POST', `/deployments/${staying.id}/create_flow_run`, {})
  await claim(stays.id)
  // A run of the deployment that asks for a slot by the limit's name goes on waiting for it.
  const asks = (await ask('POST', `/deployments/${going.id}/create_flow_run`, {})).id
  const refused = await tenant.call('POST', '/v2/concurrency_limits/increment-with-lease', {
    names: [old.name],
    slots: 1,
    holder: { type: 'flow_run', id: asks },
  })
  expect(refused.status).toBe(423)
  await ask('PATCH', `/deployments/${going.id}`, { global_concurrency_limit_id: next.id })
  await expect.poll(() => areDue(gone), { timeout: 5_000 }).toEqual([true, true])
  const line = await here.db.engine<{ id: string }[]>`
    select id from slot_waiters where limit_id = ${old.id} order by since`
  expect(line.map(({ id }) => id)).toEqual([stays.id, asks])
})

test('a limit that is raised by its deployment is tried by those who wait on another replica', async () => {
  const { id } = await deployment({ concurrency_limit: 1 })
  const { global_concurrency_limit } = (await ask('GET', `/deployments/${id}`)) as unknown as {
    readonly global_concurrency_limit: { readonly id: string; readonly name: string }
  }
  const names = [global_concurrency_limit.name]
  await ask('POST', '/v2/concurrency_limits/increment', { names, slots: 1 })
  const wake = vi.spyOn(there.running.application.services.engine.slots, 'wake')
  const open = askThere('POST', '/v2/concurrency_limits/increment', { names, slots: 1, wait_seconds: 30 })
  await expect
    .poll(() => here.db.engine`select id from slot_waiters where limit_id = ${global_concurrency_limit.id}`)
    .toHaveLength(1)
  wake.mockClear()
  await ask('PATCH', `/deployments/${id}`, { concurrency_limit: 2 })
  expect(await open).toBe(200)
  await expect
    .poll(() => wake.mock.calls.some(([, freed]) => freed?.has(global_concurrency_limit.id) === true))
    .toBe(true)
})

test('polls of a pool that is full, and of a queue, find work at once when either is raised on another replica', async () => {
  const pool = randomUUID()
  await ask('POST', '/work_pools/', { name: pool, type: 'process', concurrency_limit: 1 })
  const { id } = await deployment({ work_pool_name: pool })
  const ids: string[] = []
  for (let n = 0; n < 3; n++) ids.push((await ask('POST', `/deployments/${id}/create_flow_run`, {})).id)
  const poll = async () =>
    ((await ask('POST', `/work_pools/${pool}/get_scheduled_flow_runs`, {})) as unknown as readonly unknown[])
      .length
  await claim(ids[0] ?? '')
  await expect.poll(poll).toBe(0)
  expect(await askThere('PATCH', `/work_pools/${pool}`, { concurrency_limit: 2 })).toBe(204)
  await expect.poll(poll, { timeout: 4_000 }).toBe(1)
  await claim(ids[1] ?? '')
  await ask('PATCH', `/work_pools/${pool}/queues/default`, { concurrency_limit: 2 })
  await ask('PATCH', `/work_pools/${pool}`, { concurrency_limit: null })
  await expect.poll(poll).toBe(0)
  expect(await askThere('PATCH', `/work_pools/${pool}/queues/default`, { concurrency_limit: 3 })).toBe(204)
  await expect.poll(poll, { timeout: 4_000 }).toBe(1)
})
