import { beforeAll, describe, expect, test } from 'vitest'
import { uuidv7 } from '../../db/uuid.ts'
import { type TestTenant, testApi } from '../../testing/api.ts'

const { call, tenant, db } = await testApi()
let us: TestTenant
let them: TestTenant
let flowId: string

const post = (path: string, body: unknown = {}) => call(us, 'POST', path, body)
const newRun = async (more: object = {}) =>
  (await post('/flow_runs/', { flow_id: flowId, ...more })).json as { id: string }

beforeAll(async () => {
  us = await tenant()
  them = await tenant()
  flowId = (await post('/flows/', { name: 'etl' })).json.id
})

describe('flows', () => {
  test('tell when they are made, changed and gone, once each', async () => {
    const made = await Promise.all(
      Array.from({ length: 5 }, () => post('/flows/', { name: 'told', tags: ['a'], labels: { n: 1 } })),
    )
    const id = made[0]?.json.id
    await call(us, 'PATCH', `/flows/${id}`, { tags: ['b'] })
    await call(us, 'DELETE', `/flows/${id}`)
    const filter = { resource: { id: [`prefect.flow.${id}`] }, order: 'ASC' }
    const { events } = (await post('/events/filter', { filter })).json
    const snapshot = (tags: string[]) => ({ name: 'told', tags, labels: { n: 1 } })
    expect(events).toMatchObject([
      { event: 'prefect.flow.created', payload: snapshot(['a']) },
      { event: 'prefect.flow.updated', payload: snapshot(['b']) },
      { event: 'prefect.flow.deleted', payload: snapshot(['b']) },
    ])
  })

  test('are made once a name, whoever asks at the same time', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => post('/flows/', { name: 'raced', tags: ['a'], labels: { n: 1 } })),
    )
    expect(new Set(answers.map((answer) => answer.json.id)).size).toBe(1)
    expect(answers.filter((answer) => answer.status === 201)).toHaveLength(1)
    expect(answers[0]?.json).toMatchObject({ name: 'raced', tags: ['a'], labels: { n: 1 } })
    expect((await call(us, 'GET', '/flows/name/raced')).json.id).toBe(answers[0]?.json.id)
    expect((await call(them, 'GET', '/flows/name/raced')).status).toBe(404)
  })

  test('are listed, counted and paged', async () => {
    for (const name of ['p-1', 'p-2', 'p-3']) await post('/flows/', { name })
    const flows = { name: { like_: 'P-' } }
    expect(
      (await post('/flows/filter', { flows, sort: 'NAME_DESC' })).json.map((f: { name: string }) => f.name),
    ).toEqual(['p-3', 'p-2', 'p-1'])
    expect((await post('/flows/count', { flows })).json).toBe(3)
    expect((await post('/flows/paginate', { flows, limit: 2, page: 2 })).json).toMatchObject({
      count: 3,
      pages: 2,
      page: 2,
      limit: 2,
      results: [{ name: 'p-3' }],
    })
    expect((await post('/flows/bulk_delete', { flows, limit: 2 })).json.deleted).toHaveLength(2)
    expect((await post('/flows/count', { flows })).json).toBe(1)
  })

  test('go with their runs, which leave the counts', async () => {
    const id = (await post('/flows/', { name: 'doomed' })).json.id
    const flows = { id: { any_: [id] } }
    const run = (await post('/flow_runs/', { flow_id: id })).json
    await post('/task_runs/', { flow_run_id: run.id, task_key: 't', dynamic_key: '0' })
    expect((await post('/flow_runs/count', { flows })).json).toBe(1)
    expect((await call(us, 'DELETE', `/flows/${id}`)).status).toBe(204)
    expect((await call(us, 'DELETE', `/flows/${id}`)).status).toBe(404)
    expect((await call(us, 'GET', `/flow_runs/${run.id}`)).status).toBe(404)
    expect((await post('/flow_runs/count', { flows })).json).toBe(0)
    const [left] = await db.engine`select count(*)::int as n from task_runs where flow_run_id = ${run.id}`
    expect(left?.n).toBe(0)
  })

  test('change by patch', async () => {
    expect((await call(us, 'PATCH', `/flows/${flowId}`, { tags: ['x'] })).status).toBe(204)
    expect((await call(us, 'GET', `/flows/${flowId}`)).json.tags).toEqual(['x'])
    expect((await call(us, 'PATCH', `/flows/${uuidv7()}`, { tags: ['x'] })).status).toBe(404)
    expect(
      (await call(us, 'PATCH', `/flows/${flowId}`, { tags: [] }, { key: us.key('viewer') })).status,
    ).toBe(403)
  })
})

describe('flow runs', () => {
  test('are read as they are written, numbers of any size included', async () => {
    const made = await post(
      '/flow_runs/',
      `{"flow_id":"${flowId}","parameters":{"big":123456789012345678901234567890,"f":1.0}}`,
    )
    const read = await call(us, 'GET', `/flow_runs/${made.json.id}`)
    expect(read.text).toContain('"parameters":{"big":123456789012345678901234567890,"f":1.0}')
    expect(read.json).toMatchObject({ flow_name: 'etl', state_type: 'PENDING', state: { type: 'PENDING' } })
    expect((await call(them, 'GET', `/flow_runs/${made.json.id}`)).status).toBe(404)
  })

  test('are read together and each for itself', async () => {
    const runs = await Promise.all(Array.from({ length: 150 }, () => newRun()))
    const answers = await Promise.all(
      [...runs, ...runs].map((run) => call(us, 'GET', `/flow_runs/${run.id}`)),
    )
    expect(answers.map((answer) => answer.json.id)).toEqual([...runs, ...runs].map((run) => run.id))
    expect((await call(us, 'GET', `/flow_runs/${uuidv7()}`)).status).toBe(404)
  })

  test('take a patch: absent leaves, null empties', async () => {
    const { id } = await newRun({ name: 'one', flow_version: '1', parameters: { a: 1 } })
    const patch = (body: unknown) => call(us, 'PATCH', `/flow_runs/${id}`, body)
    expect(
      (
        await patch(
          `{"name":"two","parameters":{"n":9007199254740993},"tags":["a","a"],"infrastructure_pid":"host:1"}`,
        )
      ).status,
    ).toBe(204)
    const read = await call(us, 'GET', `/flow_runs/${id}`)
    expect(read.json).toMatchObject({
      name: 'two',
      flow_version: '1',
      tags: ['a'],
      infrastructure_pid: 'host:1',
    })
    expect(read.text).toContain('9007199254740993')
    await patch({ flow_version: null, name: null })
    expect((await call(us, 'GET', `/flow_runs/${id}`)).json).toMatchObject({
      name: 'two',
      flow_version: null,
    })
    expect((await patch({ job_variables: {} })).status).toBe(400)
    expect((await call(them, 'PATCH', `/flow_runs/${id}`, { name: 'x' })).status).toBe(404)
  })

  test('take job variables while they wait, as far as their work pool knows them', async () => {
    const template = {
      job_configuration: { command: '{{ command }}' },
      variables: { type: 'object', properties: { command: { type: 'string' } } },
    }
    await post('/work_pools/', { name: 'typed', type: 'process', base_job_template: template })
    const deployment = await post('/deployments/', {
      name: 'typed',
      flow_id: flowId,
      work_pool_name: 'typed',
    })
    const run = await post(`/deployments/${deployment.json.id}/create_flow_run`, {
      state: { type: 'SCHEDULED' },
    })
    const patch = (job_variables: unknown) =>
      call(us, 'PATCH', `/flow_runs/${run.json.id}`, { job_variables })
    const refused = await patch({ command: 7 })
    expect([refused.status, refused.json.detail]).toEqual([
      409,
      'Error updating flow run: job variable command must be string or null, not 7.',
    ])
    expect((await patch({ command: 'python x.py' })).status).toBe(204)
    expect((await call(us, 'GET', `/flow_runs/${run.json.id}`)).json.job_variables).toEqual({
      command: 'python x.py',
    })
    await post(`/flow_runs/${run.json.id}/set_state`, { state: { type: 'PENDING' } })
    expect((await patch({ command: 'x' })).status).toBe(400)
  })

  test('take labels', async () => {
    const { id } = await newRun({ labels: { a: 1, b: 2 } })
    expect((await call(us, 'PATCH', `/flow_runs/${id}/labels`, { b: 'two', c: true })).status).toBe(204)
    expect((await call(us, 'GET', `/flow_runs/${id}`)).json.labels).toMatchObject({ a: 1, b: 'two', c: true })
    expect((await call(them, 'PATCH', `/flow_runs/${id}/labels`, { b: 'x' })).status).toBe(404)
  })

  test('are counted from the rollups as from the rows', async () => {
    const name = 'counted'
    const id = (await post('/flows/', { name })).json.id
    const runs = await Promise.all(Array.from({ length: 5 }, () => post('/flow_runs/', { flow_id: id })))
    await post(`/flow_runs/${runs[0]?.json.id}/set_state`, { state: { type: 'RUNNING' } })
    await post(`/flow_runs/${runs[1]?.json.id}/set_state`, { state: { type: 'FAILED' } })
    const byRollup = { flows: { id: { any_: [id] } } }
    const byRows = { flows: { name: { any_: [name] } } }
    for (const filter of [byRollup, byRows]) {
      expect((await post('/flow_runs/count', filter)).json).toBe(5)
      expect(
        (await post('/flow_runs/count', { ...filter, flow_runs: { state: { type: { any_: ['PENDING'] } } } }))
          .json,
      ).toBe(3)
      expect(
        (
          await post('/flow_runs/count', {
            ...filter,
            flow_runs: { state: { name: { not_any_: ['Failed'] } } },
          })
        ).json,
      ).toBe(4)
    }
    const history = async (filter: object, seconds: number) =>
      (
        await post('/flow_runs/history', {
          ...filter,
          history_start: new Date(Date.now() - 7_200_000).toISOString(),
          history_end: new Date(Date.now() + 3_600_000).toISOString(),
          history_interval: seconds,
        })
      ).json.flatMap((interval: { states: { count_runs: number; state_name: string }[] }) =>
        interval.states.map((s) => [s.state_name, s.count_runs]),
      )
    expect((await history(byRollup, 3_600)).sort()).toEqual([
      ['Failed', 1],
      ['Pending', 3],
      ['Running', 1],
    ])
    expect((await history(byRows, 600)).sort()).toEqual([
      ['Failed', 1],
      ['Pending', 3],
      ['Running', 1],
    ])
    await call(us, 'DELETE', `/flow_runs/${runs[1]?.json.id}`)
    for (const filter of [byRollup, byRows]) expect((await post('/flow_runs/count', filter)).json).toBe(4)
  })

  test('answer bad input with the published sentences', async () => {
    const bad = async (body: unknown) => {
      const answer = await post('/flow_runs/filter', body)
      expect(answer.status, answer.text).toBe(422)
      return answer.json
    }
    expect(await bad({ limit: 201 })).toMatchObject({
      detail: 'Invalid limit: must be less than or equal to 200.',
    })
    expect(await bad({ limit: -1 })).toMatchObject({
      detail: 'Invalid limit: must be greater than or equal to 0.',
    })
    await bad({ offset: -1 })
    await bad({ sort: 'SIDEWAYS' })
    await bad({ flow_runs: { state: { type: { any_: ['NOPE'] } } } })
    await bad({ flow_runs: { start_time: { after_: 'yesterday-ish' } } })
    await bad({ flow_runs: { id: { any_: ['x'] } } })
    expect(
      (
        await post('/flow_runs/filter', {
          flow_runs: null,
          limit: null,
          sort: null,
          flows: { name: null, id: { any_: null } },
          strange: 1,
        })
      ).status,
    ).toBe(200)
    expect((await call(us, 'POST', '/flow_runs/filter')).status).toBe(200)
    expect((await post('/flow_runs/filter', { limit: 0 })).json).toEqual([])
  })

  test('are deleted together, fifty at most', async () => {
    const runs = await Promise.all(Array.from({ length: 3 }, () => newRun({ tags: ['bulk'] })))
    const flow_runs = { tags: { any_: ['bulk'] } }
    expect((await post('/flow_runs/bulk_delete', { flow_runs, limit: 51 })).status).toBe(422)
    expect((await call(them, 'POST', '/flow_runs/bulk_delete', { flow_runs })).json.deleted).toEqual([])
    expect((await post('/flow_runs/bulk_delete', { flow_runs })).json.deleted.sort()).toEqual(
      runs.map((run) => run.id).sort(),
    )
    expect((await call(us, 'DELETE', `/flow_runs/${runs[0]?.id}`)).status).toBe(404)
  })

  /** A condition that was dropped would find, cancel or delete what nobody asked for. */
  test('are not found, changed or deleted by what no filter knows, nor together without saying which', async () => {
    const { id } = await newRun({ tags: ['kept'] })
    for (const flow_runs of [
      { nmae: { any_: ['x'] } },
      { name: { is_: 'x' } },
      { state: { type: { any: ['FAILED'] } } },
    ]) {
      for (const path of ['filter', 'count', 'bulk_delete', 'bulk_set_state']) {
        const answer = await post(`/flow_runs/${path}`, { flow_runs, state: { type: 'CANCELLED' } })
        expect(answer, path).toMatchObject({ status: 422, json: { detail: [{ msg: 'Unrecognized key' }] } })
      }
    }
    // A newer client's null is no condition.
    const newer = { id: { any_: [id], some_: null }, moon: null }
    expect((await post('/flow_runs/count', { flow_runs: newer })).json).toBe(1)
    for (const body of [undefined, {}, { flow_run: { id: { any_: [] } } }, { flow_runs: null }]) {
      for (const noun of ['flow_runs', 'flows', 'deployments'])
        expect((await call(us, 'POST', `/${noun}/bulk_delete`, body)).status, noun).toBe(422)
      expect(
        (await post('/flow_runs/bulk_set_state', { ...body, state: { type: 'CANCELLED' } })).status,
      ).toBe(422)
    }
    expect((await call(us, 'GET', `/flow_runs/${id}`)).json.state_type).toBe('PENDING')
  })
})

describe('states', () => {
  test('are listed by run and read by id', async () => {
    const { id } = await newRun()
    await post(`/flow_runs/${id}/set_state`, { state: { type: 'RUNNING' } })
    const states = (await call(us, 'GET', `/flow_run_states/?flow_run_id=${id}`)).json
    expect(states.map((state: { name: string }) => state.name)).toEqual(['Pending', 'Running'])
    expect(states[1].state_details.flow_run_id).toBe(id)
    expect((await call(us, 'GET', `/flow_run_states/${states[0].id}`)).json).toEqual(states[0])
    expect((await call(them, 'GET', `/flow_run_states/${states[0].id}`)).status).toBe(404)
    expect((await call(them, 'GET', `/flow_run_states?flow_run_id=${id}`)).json).toEqual([])
    expect((await call(us, 'GET', '/flow_run_states/')).status).toBe(422)
  })
})

describe('task runs', () => {
  test('are read, renamed, listed, counted and deleted', async () => {
    const { id } = await newRun()
    const task = (
      await post('/task_runs/', { flow_run_id: id, task_key: 't', dynamic_key: '0', name: 'first' })
    ).json
    expect((await call(us, 'PATCH', `/task_runs/${task.id}`, { name: 'second' })).status).toBe(204)
    expect((await call(us, 'GET', `/task_runs/${task.id}`)).json).toMatchObject({
      name: 'second',
      flow_run_id: id,
    })
    expect(
      (await post('/task_runs/filter', { task_runs: { flow_run_id: { any_: [id] } } })).json,
    ).toHaveLength(1)
    expect(
      (
        await post('/task_runs/count', {
          flow_runs: { id: { any_: [id] } },
          task_runs: { state: { type: { any_: ['PENDING'] } } },
        })
      ).json,
    ).toBe(1)
    expect((await call(them, 'GET', `/task_runs/${task.id}`)).status).toBe(404)
    expect((await call(them, 'DELETE', `/task_runs/${task.id}`)).status).toBe(404)
    expect((await call(us, 'DELETE', `/task_runs/${task.id}`)).status).toBe(204)
    expect((await call(us, 'GET', `/task_runs/${task.id}`)).status).toBe(404)
  })
})
