import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { type TestTenant, testApi } from '../../testing/api.ts'

const { call, tenant } = await testApi()
let us: TestTenant
let them: TestTenant
const post = (path: string, body: unknown = {}, who = us) => call(who, 'POST', path, body)
const get = (path: string, who = us) => call(who, 'GET', path)

beforeAll(async () => {
  us = await tenant()
  them = await tenant()
})

async function newRun(): Promise<string> {
  const flow = (await post('/flows/', { name: 'receiver' })).json.id
  return (await post('/flow_runs/', { flow_id: flow })).json.id
}

describe('inputs of flow runs', () => {
  test('come back as the text that was sent', async () => {
    const run = await newRun()
    for (const [key, value] of [
      ['paused-1-schema', '{"a": 12345678901234567890.0}'],
      ['empty', ''],
      ['text', '"drei ü"\n'],
    ] as const) {
      const made = await post(`/flow_runs/${run}/input`, { key, value, sender: null })
      expect([made.status, made.json]).toEqual([201, null])
      const read = await get(`/flow_runs/${run}/input/${key}`)
      expect([read.status, read.text]).toEqual([200, value])
      expect(read.headers.get('content-type')).toMatch(/^text\/plain/)
    }
    expect((await get(`/flow_runs/${run}/input/nothing`)).status).toBe(404)
    expect((await call(us, 'DELETE', `/flow_runs/${run}/input/text`)).status).toBe(204)
    expect((await call(us, 'DELETE', `/flow_runs/${run}/input/text`)).status).toBe(404)
    expect((await get(`/flow_runs/${run}/input/text`)).status).toBe(404)
  })

  test('have one key each in their run', async () => {
    const [run, other] = [await newRun(), await newRun()]
    const sent = await Promise.all(
      [1, 2, 3].map((n) => post(`/flow_runs/${run}/input`, { key: 'once', value: String(n) })),
    )
    expect(sent.map((answer) => answer.status).sort()).toEqual([201, 409, 409])
    expect(sent.find((answer) => answer.status === 409)?.json.detail).toBe(
      'A flow run input with this key already exists.',
    )
    expect((await post(`/flow_runs/${other}/input`, { key: 'once', value: '1' })).status).toBe(201)
    expect((await post(`/flow_runs/${randomUUID()}/input`, { key: 'once', value: '1' })).status).toBe(404)
    for (const body of [
      { key: 'Once', value: '1' },
      { key: '', value: '1' },
      { key: 'a' },
      { key: 'a', value: 1 },
    ])
      expect((await post(`/flow_runs/${run}/input`, body)).status).toBe(422)
  })

  test('are handed out in the order of their making, each once', async () => {
    const run = await newRun()
    for (const key of ['str-b', 'str-a', 'other', 'str-c'])
      await post(`/flow_runs/${run}/input`, { key, value: key, sender: 'prefect.flow-run.x' })
    const seen: string[] = []
    for (;;) {
      const [next] = (await post(`/flow_runs/${run}/input/filter`, { prefix: 'str', exclude_keys: seen }))
        .json
      if (!next) break
      expect(next).toMatchObject({ flow_run_id: run, value: next.key, sender: 'prefect.flow-run.x' })
      seen.push(next.key)
    }
    expect(seen).toEqual(['str-b', 'str-a', 'str-c'])
    const keys = async (body: object) =>
      (await post(`/flow_runs/${run}/input/filter`, body)).json.map((row: { key: string }) => row.key)
    expect(await keys({ prefix: '', limit: 10 })).toEqual(['str-b', 'str-a', 'other', 'str-c'])
    // No wildcards.
    expect(await keys({ prefix: 's_r', limit: 10 })).toEqual([])
    expect((await post(`/flow_runs/${run}/input/filter`, { prefix: 's', limit: 201 })).status).toBe(422)
    expect((await post(`/flow_runs/${run}/input/filter`, {})).status).toBe(422)
    expect((await post(`/flow_runs/${randomUUID()}/input/filter`, { prefix: 's' })).status).toBe(404)
  })

  test('go with their run', async () => {
    const run = await newRun()
    await post(`/flow_runs/${run}/input`, { key: 'k', value: '1' })
    expect((await call(us, 'DELETE', `/flow_runs/${run}`)).status).toBe(204)
    expect((await get(`/flow_runs/${run}/input/k`)).status).toBe(404)
  })

  test("are one's own, and need the permission for each thing", async () => {
    const run = await newRun()
    await post(`/flow_runs/${run}/input`, { key: 'k', value: 'secret' })
    expect((await get(`/flow_runs/${run}/input/k`, them)).status).toBe(404)
    expect((await post(`/flow_runs/${run}/input/filter`, { prefix: '' }, them)).status).toBe(404)
    expect((await post(`/flow_runs/${run}/input`, { key: 'theirs', value: '1' }, them)).status).toBe(404)
    expect((await call(them, 'DELETE', `/flow_runs/${run}/input/k`)).status).toBe(404)
    const viewer = { key: us.key('viewer') }
    expect((await call(us, 'GET', `/flow_runs/${run}/input/k`, undefined, viewer)).text).toBe('secret')
    expect((await call(us, 'POST', `/flow_runs/${run}/input`, { key: 'v', value: '1' }, viewer)).status).toBe(
      403,
    )
    expect((await call(us, 'DELETE', `/flow_runs/${run}/input/k`, undefined, viewer)).status).toBe(403)
    const worker = { key: us.key('worker') }
    expect((await call(us, 'POST', `/flow_runs/${run}/input`, { key: 'w', value: '1' }, worker)).status).toBe(
      201,
    )
    expect((await call(us, 'DELETE', `/flow_runs/${run}/input/w`, undefined, worker)).status).toBe(403)
  })
})
