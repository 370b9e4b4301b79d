import { randomUUID } from 'node:crypto'
import { expect, test, vi } from 'vitest'
import { startTestServer, type TestServer } from '../testing/server.ts'

const here = await startTestServer({ services: false })
const there = await startTestServer({ services: false, replicaOf: here })

const replicas = (server: TestServer) => server.running.application.services.replicas
await vi.waitUntil(() => replicas(here).peers === 1 && replicas(there).peers === 1, { timeout: 10_000 })

const tenant = await here.tenant()
/** The same workspace, by the one process or the other. */
const by = async (server: TestServer, path: string, body: unknown = {}, method = 'POST') => {
  const answer = await fetch(tenant.url.replace(here.url, server.url) + path, {
    method,
    headers: { authorization: `Bearer ${tenant.apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  expect(answer.status, path).toBeLessThan(300)
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  return (answer.status === 204 ? null : await answer.json()) as any
}
const flow = await by(here, '/flows/', { name: `f-${randomUUID()}` })
const newPool = async (body: object = {}): Promise<string> =>
  (await by(here, '/work_pools/', { name: `pool-${randomUUID()}`, type: 'process', ...body })).name
const newRun = async (server: TestServer, pool: string): Promise<string> =>
  (await by(server, '/flow_runs/', { flow_id: flow.id, work_pool_name: pool, state: { type: 'SCHEDULED' } }))
    .id
const claim = (server: TestServer, pool: string, worker: string, more: object = {}) =>
  by(server, `/work_pools/${pool}/claim`, { worker_name: worker, wait_seconds: 30, ...more })
const idsOf = (answer: { claims: { flow_run: { id: string } }[] }) =>
  answer.claims.map((item) => item.flow_run.id)
const poll = async (server: TestServer, pool: string) =>
  (await by(server, `/work_pools/${pool}/get_scheduled_flow_runs`)).map(
    (item: { flow_run: { id: string } }) => item.flow_run.id,
  )

test('whoever waits here gets what is scheduled there', async () => {
  const pool = await newPool()
  const waiting = claim(here, pool, 'a')
  const run = await newRun(there, pool)
  expect(idsOf(await waiting)).toEqual([run])
})

test('what was quiet here is polled anew when something is scheduled, or changed, there', async () => {
  const pool = await newPool()
  expect(await poll(here, pool)).toEqual([])
  const run = await newRun(there, pool)
  await expect.poll(() => poll(here, pool), { timeout: 4_000 }).toEqual([run])
  await by(there, `/work_pools/${pool}`, { is_paused: true }, 'PATCH')
  await expect.poll(() => poll(here, pool), { timeout: 4_000 }).toEqual([])
  await by(there, `/work_pools/${pool}`, { is_paused: false }, 'PATCH')
  await expect.poll(() => poll(here, pool), { timeout: 4_000 }).toEqual([run])
})

test('a slot that comes free there is given to whoever waits here', async () => {
  const pool = await newPool({ concurrency_limit: 1 })
  const [first, second] = [await newRun(there, pool), await newRun(there, pool)]
  expect(idsOf(await claim(there, pool, 'b'))).toEqual([first])
  const waiting = claim(here, pool, 'a')
  await by(there, `/flow_runs/${first}/set_state`, { state: { type: 'COMPLETED' }, force: true })
  expect(idsOf(await waiting)).toEqual([second])
})

test('a run that is asked to stop there is told to its holder here', async () => {
  const pool = await newPool()
  const run = await newRun(here, pool)
  const { claims } = await claim(here, pool, 'a')
  const details = { claim_token: claims[0].token }
  await by(here, `/flow_runs/${run}/set_state`, { state: { type: 'RUNNING', state_details: details } })
  const waiting = claim(here, pool, 'a')
  await by(there, `/flow_runs/${run}/set_state`, { state: { type: 'CANCELLING' } })
  expect((await waiting).cancelling).toEqual([run])
})

test('many who wait on both share many runs, each run once', async () => {
  const pool = await newPool()
  const waiting = Array.from({ length: 40 }, (_, n) => claim(n % 2 ? here : there, pool, `w${n}`))
  const runs = await Promise.all(Array.from({ length: 40 }, (_, n) => newRun(n % 3 ? here : there, pool)))
  expect((await Promise.all(waiting)).flatMap(idsOf).sort()).toEqual(runs.sort())
})
