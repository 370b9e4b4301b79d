import { beforeAll, describe, expect, test } from 'vitest'
import { type TestTenant, testApi } from '../../testing/api.ts'
import { statementsDuring } from '../../testing/statements.ts'

const { call, tenant, app, db, services } = await testApi()
let us: TestTenant
let them: TestTenant
let flowId: string
let made = 0

beforeAll(async () => {
  us = await tenant()
  them = await tenant()
  flowId = (await call(us, 'POST', '/flows/', { name: 'claimed' })).json.id
})

const post = (path: string, body: unknown = {}, who = us) => call(who, 'POST', path, body)
const newPool = async (body: object = {}) =>
  (await post('/work_pools/', { name: `claims-${++made}`, type: 'process', ...body })).json.name as string
const newRunOf = async (pool: string, entrypoint: string) => {
  const body = { name: `claimed-${++made}`, flow_id: flowId, entrypoint, work_pool_name: pool }
  const deployment = (await post('/deployments/', body)).json.id
  return (await post(`/deployments/${deployment}/create_flow_run`, { state: { type: 'SCHEDULED' } })).json
    .id as string
}
const newRun = async (pool: string, inMs = 0, queue: string | null = null) =>
  (
    await post('/flow_runs/', {
      flow_id: flowId,
      work_pool_name: pool,
      work_queue_name: queue,
      state: {
        type: 'SCHEDULED',
        state_details: { scheduled_time: new Date(Date.now() + inMs).toISOString() },
      },
    })
  ).json.id as string
interface Claims {
  claims: {
    token: string
    expires_at: string
    deployment: null
    flow_run: { id: string; state_type: string; state: { state_details: { claim_token: string } } }
  }[]
  cancelling: string[]
}
const claim = async (pool: string, worker: string, body: object = {}): Promise<Claims> => {
  const answer = await post(`/work_pools/${pool}/claim`, { worker_name: worker, ...body })
  expect(answer.status, answer.text).toBe(200)
  return answer.json
}
const idsOf = (answer: Claims) => answer.claims.map((item) => item.flow_run.id)
const beat = async (pool: string, worker: string, claims: { flow_run_id: string; token: string }[]) =>
  (await post(`/work_pools/${pool}/beat`, { worker_name: worker, claims })).json
const setState = (run: string, type: string, more: object = {}) =>
  post(`/flow_runs/${run}/set_state`, { state: { type, ...more }, force: type === 'COMPLETED' })
const stateOf = async (run: string) => (await call(us, 'GET', `/flow_runs/${run}`)).json.state_type

describe('a claim', () => {
  test('moves a due run to Pending, with a token and an end', async () => {
    const pool = await newPool()
    const run = await newRun(pool)
    await newRun(pool, 3_600_000)
    const answer = await claim(pool, 'a', { limit: 10, claim_seconds: 60 })
    expect(idsOf(answer)).toEqual([run])
    const [got] = answer.claims
    expect(got?.flow_run.state_type).toBe('PENDING')
    expect(got?.flow_run.state.state_details.claim_token).toBe(got?.token)
    expect(Date.parse(got?.expires_at ?? '') - Date.now()).toBeGreaterThan(50_000)
    expect(await claim(pool, 'b')).toEqual({ claims: [], cancelling: [] })
    const [worker] = (
      await post(`/work_pools/${pool}/workers/filter`, { workers: { name: { any_: ['a'] } } })
    ).json
    expect(worker.status).toBe('ONLINE')
  })

  test('waits until a run is scheduled', async () => {
    const pool = await newPool()
    const waiting = claim(pool, 'a', { wait_seconds: 30 })
    const run = await newRun(pool)
    expect(idsOf(await waiting)).toEqual([run])
  })

  test('waits until a run is due', async () => {
    const pool = await newPool()
    const run = await newRun(pool, 400)
    expect(idsOf(await claim(pool, 'a'))).toEqual([])
    expect(idsOf(await claim(pool, 'a', { wait_seconds: 30 }))).toEqual([run])
  })

  test('of queues waits for these alone', async () => {
    const pool = await newPool()
    await post(`/work_pools/${pool}/queues`, { name: 'wanted' })
    const waiting = claim(pool, 'a', { wait_seconds: 30, work_queue_names: ['wanted'] })
    await newRun(pool)
    const run = await newRun(pool, 0, 'wanted')
    expect(idsOf(await waiting)).toEqual([run])
  })

  test('hands an agent nothing that it cannot run, and asks the database once when there is nothing else', async () => {
    const pool = await newPool()
    const python = await newRunOf(pool, 'etl.py:etl')
    const asAgent = (more: object = {}) => claim(pool, 'a', { runs: 'typescript', limit: 10, ...more })
    expect(idsOf(await asAgent())).toEqual([])
    // Pool and queue are ready now, which makes what is known of them old.
    await services.work.presence.flush()
    expect(idsOf(await asAgent())).toEqual([])
    const looks = async (work: () => Promise<unknown>) =>
      (await statementsDuring(db.engine, work)).filter((text) => text.includes('next_scheduled_start_at'))
    expect(await looks(async () => expect(idsOf(await asAgent())).toEqual([]))).toEqual([])
    // Another one does not make it look again either.
    const second = await newRunOf(pool, 'etl.py:etl')
    expect(await looks(async () => expect(idsOf(await asAgent())).toEqual([]))).toEqual([])
    const waiting = asAgent({ wait_seconds: 30 })
    const ours = [await newRunOf(pool, 'etl.ts:etl')]
    const got = await waiting
    expect(idsOf(got)).toEqual(ours)
    const [{ flow_run }] = got.claims as [Claims['claims'][number]]
    expect(flow_run).toMatchObject({ deployment_version_info: { type: 'prefect:simple', version: '1' } })
    expect(idsOf(await claim(pool, 'b', { limit: 10 })).sort()).toEqual([python, second].sort())
    expect((await post(`/work_pools/${pool}/claim`, { worker_name: 'a', runs: 'cobol' })).status).toBe(422)
  })

  test('waits for a slot of its pool, and for the pool to go on', async () => {
    const pool = await newPool({ concurrency_limit: 1 })
    const [first, second] = [await newRun(pool), await newRun(pool)]
    expect(idsOf(await claim(pool, 'a', { limit: 2 }))).toEqual([first])
    expect(idsOf(await claim(pool, 'a', { limit: 2 }))).toEqual([])
    const waiting = claim(pool, 'b', { wait_seconds: 30 })
    await setState(first, 'COMPLETED')
    expect(idsOf(await waiting)).toEqual([second])
    await setState(second, 'COMPLETED')
    await call(us, 'PATCH', `/work_pools/${pool}`, { is_paused: true })
    const third = await newRun(pool)
    expect(idsOf(await claim(pool, 'b'))).toEqual([])
    const patient = claim(pool, 'b', { wait_seconds: 30 })
    await call(us, 'PATCH', `/work_pools/${pool}`, { is_paused: false })
    expect(idsOf(await patient)).toEqual([third])
  })

  test('gives each run to one of many who wait', async () => {
    const pool = await newPool()
    const waiting = Array.from({ length: 30 }, (_, n) => claim(pool, `w${n}`, { wait_seconds: 20 }))
    const runs = await Promise.all(Array.from({ length: 30 }, () => newRun(pool)))
    const got = (await Promise.all(waiting)).flatMap(idsOf)
    expect(got.sort()).toEqual(runs.sort())
  })

  test('that does not wait is served all the same when others are being served', async () => {
    const pool = await newPool()
    const runs = await Promise.all(Array.from({ length: 40 }, () => newRun(pool)))
    const got = await Promise.all(runs.map((_, n) => claim(pool, `w${n}`)))
    expect(got.map((answer) => answer.claims.length)).toEqual(runs.map(() => 1))
    expect(got.flatMap(idsOf).sort()).toEqual(runs.sort())
    expect(await claim(pool, 'late')).toEqual({ claims: [], cancelling: [] })
  })

  test('of a worker that went away goes back', async () => {
    const pool = await newPool()
    const gone = new AbortController()
    const left = app.request(`${us.base}/work_pools/${pool}/claim`, {
      method: 'POST',
      signal: gone.signal,
      headers: { authorization: `Bearer ${us.key()}`, 'content-type': 'application/json' },
      body: JSON.stringify({ worker_name: 'a', wait_seconds: 30 }),
    })
    const made = newRun(pool)
    const answer = await left
    expect(((await answer.json()) as Claims).claims).toHaveLength(1)
    gone.abort()
    expect(idsOf(await claim(pool, 'b', { wait_seconds: 30 }))).toEqual([await made])
  })

  test('is refused to strangers, to keys that may not run, and where it makes no sense', async () => {
    const pool = await newPool()
    const path = `/work_pools/${pool}/claim`
    expect((await post(path, { worker_name: 'a' }, them)).status).toBe(404)
    expect((await call(us, 'POST', path, { worker_name: 'a' }, { key: us.key('viewer') })).status).toBe(403)
    expect((await call(us, 'POST', path, { worker_name: 'a' }, { key: us.key('worker') })).status).toBe(200)
    for (const more of [
      { limit: 0 },
      { limit: 101 },
      { wait_seconds: 31 },
      { claim_seconds: 5 },
      { worker_name: '' },
    ])
      expect((await post(path, { worker_name: 'a', ...more })).status).toBe(422)
    expect((await post('/work_pools/nowhere/claim', { worker_name: 'a' })).status).toBe(404)
    expect((await post('/work_pools/nowhere/beat', { worker_name: 'a', claims: [] })).status).toBe(404)
  })
})

describe('a holder', () => {
  test('is told at once of a run that is to stop, and once', async () => {
    const pool = await newPool()
    const run = await newRun(pool)
    const [got] = (await claim(pool, 'a')).claims
    await setState(run, 'RUNNING', { state_details: { claim_token: got?.token } })
    const waiting = claim(pool, 'a', { wait_seconds: 30 })
    const other = claim(pool, 'b', { wait_seconds: 30 })
    expect((await setState(run, 'CANCELLING')).json.status).toBe('ACCEPT')
    expect(await waiting).toEqual({ claims: [], cancelling: [run] })
    expect((await claim(pool, 'a', { wait_seconds: 0 })).cancelling).toEqual([run])
    expect((await claim(pool, 'a', { known_cancelling: [run] })).cancelling).toEqual([])
    expect(await beat(pool, 'a', [{ flow_run_id: run, token: got?.token ?? '' }])).toEqual({
      cancelling: [run],
      lost: [],
    })
    await newRun(pool)
    expect((await other).cancelling).toEqual([])
  })

  test('keeps its claims by beats, and is told which it lost', async () => {
    const pool = await newPool()
    const [kept, lost] = [await newRun(pool), await newRun(pool)]
    const mine: { flow_run_id: string; token: string }[] = []
    // A claim answers with what it got first, which need not be all.
    while (mine.length < 2) {
      const { claims } = await claim(pool, 'a', { limit: 2 - mine.length, wait_seconds: 30 })
      mine.push(...claims.map((item) => ({ flow_run_id: item.flow_run.id, token: item.token })))
    }
    expect(await beat(pool, 'a', mine)).toEqual({ cancelling: [], lost: [] })
    expect((await setState(lost, 'COMPLETED')).json).toMatchObject({ status: 'ACCEPT' })
    const answer = await beat(pool, 'a', mine)
    expect(answer).toMatchObject({ cancelling: [], lost: [{ flow_run_id: lost }] })
    expect(answer.lost[0].reason).toContain('Completed')
    expect(await stateOf(kept)).toBe('PENDING')
    const stranger = await post(`/work_pools/${pool}/beat`, { worker_name: 'a', claims: mine }, them)
    expect(stranger.status).toBe(404)
  })
})
