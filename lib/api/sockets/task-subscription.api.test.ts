import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { SideConnection } from '../../db/side-connection.ts'
import { formatInstant } from '../../domain/time.ts'
import { nowMicros } from '../../engine/clock.ts'
import { createEngine } from '../../engine/create-engine.ts'
import { createReplicaBus } from '../../live/replica-bus.ts'
import { type TestTenant, testApi } from '../../testing/api.ts'
import { anyClient, newTaskRun, proposed } from '../../testing/work.ts'
import { createSockets } from './accept.ts'

const api = await testApi()

/** A process of its own: an engine, sockets, and a connection on which replicas tell each other. */
async function replica() {
  const side = new SideConnection(api.db.engine)
  const replicas = createReplicaBus(side)
  const engine = createEngine({ db: api.db, publish: () => {} })
  engine.signals.on('task-enqueued', ({ workspaceId }) => replicas.tell(workspaceId, 'work'))
  const sockets = createSockets({ ...api.services, engine, replicas }, { handshakeMs: 300 })
  const server = createServer()
  server.on('upgrade', (request, socket, head) => {
    if (!sockets.accept(request, socket, head)) socket.destroy()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  afterAll(async () => {
    await sockets.closeAll('the tests are over')
    server.close()
    await replicas.close()
    await side.close()
  })
  return { engine, port, replicas }
}
const [here, there] = [await replica(), await replica()]

interface Task {
  readonly id: string
  readonly task_key: string
  readonly state: { readonly type: string; readonly state_details: { readonly task_parameters_id: string } }
}

async function taskWorker(tenant: TestTenant, keys: unknown, { port } = here, name = 'host-1') {
  const ws = new WebSocket(
    `ws://127.0.0.1:${port}${tenant.base}/task_runs/subscriptions/scheduled`,
    'prefect',
  )
  const waiting: Task[] = []
  const readers: ((task: Task | null) => void)[] = []
  let isClosed = false
  const closed = once(ws, 'close').then(([code]) => {
    isClosed = true
    for (const reader of readers) reader(null)
    return code as number
  })
  await once(ws, 'open')
  const auth = once(ws, 'message')
  ws.send(JSON.stringify({ type: 'auth', token: tenant.key() }))
  expect(JSON.parse(String((await auth)[0]))).toEqual({ type: 'auth_success' })
  ws.on('message', (data) => {
    const task = JSON.parse(String(data)) as Task
    const reader = readers.shift()
    if (reader) reader(task)
    else waiting.push(task)
  })
  ws.send(JSON.stringify({ type: 'subscribe', keys, client_id: name }))
  return {
    ws,
    closed,
    next: (): Promise<Task | null> => {
      const task = waiting.shift()
      if (task || isClosed) return Promise.resolve(task ?? null)
      return new Promise((resolve) => readers.push(resolve))
    },
    ack: () => ws.send('{"type":"ack"}'),
    quit: () => ws.send('{"type":"quit"}'),
  }
}

const delay = async (
  tenant: TestTenant,
  taskKey: string,
  { dynamicKey = '0', scheduledTime = formatInstant(nowMicros()), engine = here.engine } = {},
): Promise<string> => {
  const { row } = await engine.createTaskRun(
    newTaskRun(tenant, null, {
      taskKey,
      dynamicKey,
      state: proposed('SCHEDULED', {
        details: { deferred: true, scheduled_time: scheduledTime, task_parameters_id: 'p' },
      }),
    }),
  )
  return row.id
}

const left = async (tenant: TestTenant): Promise<number> => {
  const [row] = await api.db.engine<{ n: number }[]>`
    select count(*)::int as n from background_tasks where workspace_id = ${tenant.workspaceId}`
  return row?.n ?? 0
}

test('what waited, and what comes, is handed out one by one, each when the one before was read', async () => {
  const tenant = await api.tenant()
  const first = await delay(tenant, 'a')
  const worker = await taskWorker(tenant, ['a', 'b'])
  expect(await worker.next()).toMatchObject({
    id: first,
    task_key: 'a',
    state: { type: 'SCHEDULED', state_details: { task_parameters_id: 'p' } },
  })
  const second = await delay(tenant, 'b')
  worker.ack()
  expect((await worker.next())?.id).toBe(second)
  worker.ack()
  // Woken by the commit of another replica.
  const third = await delay(tenant, 'b', { engine: there.engine })
  expect((await worker.next())?.id).toBe(third)
  worker.ack()
  await delay(tenant, 'another')
  worker.quit()
  expect(await worker.closed).toBe(1000)
  expect(await left(tenant)).toBe(1)
})

test('two hundred tasks go to six workers of two replicas, each once', async () => {
  const tenant = await api.tenant()
  const workers = await Promise.all(
    Array.from({ length: 6 }, (_, n) => taskWorker(tenant, ['work'], n % 2 ? here : there, `host-${n}`)),
  )
  const made = await Promise.all(
    Array.from({ length: 200 }, (_, n) => delay(tenant, 'work', { dynamicKey: `${n}` })),
  )
  const got: string[] = []
  await Promise.all(
    workers.map(async (worker) => {
      for (;;) {
        const task = await worker.next()
        if (!task) return
        got.push(task.id)
        worker.ack()
        if (got.length === made.length) for (const each of workers) each.quit()
      }
    }),
  )
  await Promise.all(workers.map((worker) => worker.closed))
  expect(got.sort()).toEqual(made.sort())
  expect(await left(tenant)).toBe(0)
})

test('a task whose worker goes without a word comes first to the next', async () => {
  const tenant = await api.tenant()
  const lost = await delay(tenant, 'k')
  const gone = await taskWorker(tenant, ['k'])
  expect((await gone.next())?.id).toBe(lost)
  const waiting = await delay(tenant, 'k', { scheduledTime: formatInstant(nowMicros() - 60_000_000) })
  const other = await taskWorker(tenant, ['k'], there)
  expect((await other.next())?.id).toBe(waiting)
  gone.ws.terminate()
  other.ack()
  expect((await other.next())?.id).toBe(lost)
  other.ack()
  other.ws.close()
})

test('a retry is handed out first, but not before its time', async () => {
  const tenant = await api.tenant()
  const retried = await delay(tenant, 'k')
  const propose = (type: 'PENDING' | 'RUNNING' | 'SCHEDULED', name: string, details = {}) =>
    here.engine.setTaskRunState({
      workspaceId: tenant.workspaceId,
      runId: retried,
      state: { type, name, message: '', details, data: null },
      policy: 'core',
      client: anyClient,
    })
  const first = await taskWorker(tenant, ['k'])
  expect((await first.next())?.id).toBe(retried)
  first.ack()
  first.quit()
  await first.closed
  await propose('RUNNING', 'Running')
  const soon = formatInstant(nowMicros() + 300_000)
  await propose('SCHEDULED', 'AwaitingRetry', { deferred: true, scheduled_time: soon })
  const second = await taskWorker(tenant, ['k'])
  expect((await second.next())?.id).toBe(retried)
  expect(formatInstant(nowMicros()) >= soon).toBe(true)
  second.ws.close()
})

test('a task that was cancelled meanwhile is not handed out', async () => {
  const tenant = await api.tenant()
  const cancelled = await delay(tenant, 'k')
  const kept = await delay(tenant, 'k', { dynamicKey: '1' })
  await here.engine.setTaskRunState({
    workspaceId: tenant.workspaceId,
    runId: cancelled,
    state: { type: 'CANCELLED', name: 'Cancelled', message: '', details: {}, data: null },
    policy: 'minimal',
    client: anyClient,
  })
  const worker = await taskWorker(tenant, ['k'])
  expect((await worker.next())?.id).toBe(kept)
  worker.ack()
  worker.quit()
  await worker.closed
  expect(await left(tenant)).toBe(0)
})

test('who does not subscribe is closed with 4001', async () => {
  const tenant = await api.tenant()
  expect(await (await taskWorker(tenant, 'no list')).closed).toBe(4001)
  expect(await (await taskWorker(tenant, [])).closed).toBe(4001)
})

test('task workers are listed while they are connected, and only those of the workspace', async () => {
  const [ours, theirs] = [await api.tenant(), await api.tenant()]
  const worker = await taskWorker(ours, ['a', 'b'], there, 'host-7')
  const task = await delay(ours, 'a')
  expect((await worker.next())?.id).toBe(task)
  const list = async (tenant: TestTenant, body: object = {}) =>
    (await api.call(tenant, 'POST', '/task_workers/filter', body)).json
  const shown = { identifier: 'host-7', task_keys: ['a', 'b'], timestamp: expect.any(String) }
  expect(await list(ours)).toEqual([shown])
  expect(await list(ours, { task_worker_filter: { task_keys: ['b'] } })).toEqual([shown])
  expect(await list(ours, { task_worker_filter: { task_keys: ['c'] } })).toEqual([])
  expect(await list(theirs)).toEqual([])
  worker.ack()
  worker.quit()
  await worker.closed
  expect(await list(ours)).toEqual([])
})
