// Drives one control plane with the same requests, whoever wrote it, and prints one JSON line a case.
//   node bench/drive.mjs --base URL [--key K] [--ws open|cloud] [--cases a,b] [--seconds 6] [--inflight 64] [--runs 20000]
//                        [--tasks 1000] [--pids server,postmaster] [--database URL] [--warm 1]
// With --pids it says how much CPU each request cost whom; with --database what it cost Postgres.
import { randomUUID } from 'node:crypto'
import net from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { WebSocket } from 'ws'
import { cpuMicrosOf, cpuMicrosOfTree, watchDatabase } from './counters.mjs'

const text = { type: 'string' }
const { values: options } = parseArgs({
  options: {
    ...{ base: text, key: text, ws: text, cases: text, seconds: text, inflight: text },
    ...{ runs: text, tasks: text, wait: text, pids: text, database: text, wsmod: text, warm: text },
  },
})
const base = new URL(options.base ?? '')
const key = options.key ?? ''
const seconds = Number(options.seconds ?? 6)
const inflight = Number(options.inflight ?? 64)
/** Seconds of the same load before anything is measured: code that has just started runs several times slower. */
const warmSeconds = Number(options.warm ?? 0)
const [serverPid, postmasterPid] = (options.pids ?? '').split(',').filter(Boolean).map(Number)
const database = options.database ? await watchDatabase(options.database) : undefined

/** HTTP/1.1 on a kept-alive socket: node:http or fetch would cost more CPU than the servers they are to load. */
class Connection {
  #buffer = ''
  #waiting = null
  #socket = null

  send(bytes) {
    this.#socket ??= this.#open()
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.#socket.write(bytes)
    })
  }

  #open() {
    const socket = net.connect({ host: base.hostname, port: Number(base.port || 80), noDelay: true })
    socket.setEncoding('latin1')
    socket.on('data', (part) => {
      this.#buffer += part
      this.#parse()
    })
    socket.on('error', (error) => this.#fail(error))
    socket.on('close', () => this.#fail(new Error('connection closed')))
    return socket
  }

  #fail(error) {
    this.#socket = null
    this.#buffer = ''
    const waiting = this.#waiting
    this.#waiting = null
    waiting?.reject(error)
  }

  #parse() {
    const buffer = this.#buffer
    const end = buffer.indexOf('\r\n\r\n')
    if (end < 0 || !this.#waiting) return
    const head = buffer.slice(0, end)
    const length = /content-length: *(\d+)/i.exec(head)
    let body = ''
    let at = end + 4
    if (length) {
      at += Number(length[1])
      if (buffer.length < at) return
      body = buffer.slice(end + 4, at)
    } else if (/transfer-encoding: *chunked/i.test(head)) {
      for (;;) {
        const line = buffer.indexOf('\r\n', at)
        if (line < 0) return
        const size = Number.parseInt(buffer.slice(at, line), 16)
        const next = line + 2 + size + 2
        if (buffer.length < next) return
        body += buffer.slice(line + 2, line + 2 + size)
        at = next
        if (size === 0) break
      }
    }
    this.#buffer = buffer.slice(at)
    const waiting = this.#waiting
    this.#waiting = null
    waiting.resolve({ status: Number(head.slice(9, 12)), body: Buffer.from(body, 'latin1').toString() })
  }
}

const idle = []
const queue = []
let made = 0

async function call(method, path, body) {
  const data = body === undefined ? '' : JSON.stringify(body)
  const head = [
    `${method} ${base.pathname}${path} HTTP/1.1`,
    `host: ${base.host}`,
    'content-type: application/json',
    'x-prefect-api-version: 0.8.4',
    ...(key ? [`authorization: Bearer ${key}`] : []),
    `content-length: ${Buffer.byteLength(data)}`,
  ]
  let connection = idle.pop()
  if (!connection && made < inflight) {
    made++
    connection = new Connection()
  }
  connection ??= await new Promise((resolve) => queue.push(resolve))
  try {
    const answer = await connection.send(`${head.join('\r\n')}\r\n\r\n${data}`)
    if (answer.status >= 400)
      throw new Error(`${method} ${path} ${answer.status} ${answer.body.slice(0, 200)}`)
    return answer.body === '' ? null : JSON.parse(answer.body)
  } finally {
    const next = queue.shift()
    if (next) next(connection)
    else idle.push(connection)
  }
}

const print = (line) => process.stdout.write(`${JSON.stringify(line)}\n`)
const round = (value, digits = 1) => Number(value.toFixed(digits))

/** Notes what everybody has spent so far; call the answer at the end, with the number of requests. */
async function beginSpending() {
  const cpu = () => ({
    server: serverPid ? cpuMicrosOf(serverPid) : 0,
    postgres: postmasterPid ? cpuMicrosOfTree(postmasterPid) : 0,
    driver: process.cpuUsage().user + process.cpuUsage().system,
  })
  await database?.begin()
  const before = cpu()
  return async (requests, updates) => {
    const after = cpu()
    return {
      ...(serverPid
        ? {
            cpuMicros: Object.fromEntries(
              Object.keys(after).map((who) => [who, round((after[who] - before[who]) / requests)]),
            ),
          }
        : {}),
      ...(database ? { counters: await database.end(requests, updates) } : {}),
    }
  }
}

/** `inflight` callers, each sending its next request when the last one was answered. */
async function closedLoop(name, next, { updatesARequest = 0 } = {}) {
  const latencies = []
  let errors = 0
  let firstError
  let end = performance.now() + warmSeconds * 1000
  const caller = async () => {
    while (performance.now() < end) {
      const request = next()
      if (!request) return
      const sentAt = performance.now()
      try {
        await request()
        latencies.push(performance.now() - sentAt)
      } catch (error) {
        errors++
        firstError ??= error.message
      }
    }
  }
  const callers = () => Promise.all(Array.from({ length: inflight }, caller))
  if (warmSeconds > 0) await callers()
  latencies.length = 0
  const endSpending = await beginSpending()
  const began = performance.now()
  end = began + seconds * 1000
  await callers()
  const tookSeconds = (performance.now() - began) / 1000
  const spent = await endSpending(latencies.length || 1, latencies.length * updatesARequest)
  latencies.sort((a, b) => a - b)
  const quantile = (q) => round(latencies[Math.floor(latencies.length * q)] ?? 0, 2)
  print({
    case: name,
    inflight,
    perSecond: round(latencies.length / tookSeconds),
    p50ms: quantile(0.5),
    p99ms: quantile(0.99),
    n: latencies.length,
    errors,
    firstError,
    ...spent,
  })
}

const isBare = options.ws === 'none'
const flow = isBare ? null : await call('POST', '/flows/', { name: `bench-${randomUUID().slice(0, 8)}` })
const newRun = (more) => ({
  flow_id: flow.id,
  name: 'r',
  state: { type: 'PENDING', name: 'Pending' },
  ...more,
})

const cases = {
  /** Bare Hono: the shapes of set_state and read_run, and nothing behind them. */
  bare_post: () =>
    closedLoop(
      'bare_post',
      () => () =>
        call('POST', `/flow_runs/${randomUUID()}/set_state`, { state: { type: 'RUNNING', name: 'Running' } }),
    ),
  bare_get: () => closedLoop('bare_get', () => () => call('GET', `/flow_runs/${randomUUID()}`)),
  bare_logs: () => closedLoop('bare_logs', () => () => call('POST', '/logs/', hundredLines(randomUUID()))),

  health: () => closedLoop('health', () => () => call('GET', '/health')),
  create_flow_run: () =>
    closedLoop('create_flow_run', () => () => call('POST', '/flow_runs/', newRun({ parameters: { x: 1 } }))),
  async set_state() {
    const wanted = Number(options.runs ?? 4000)
    const ids = []
    while (ids.length < wanted) {
      const some = Array.from({ length: Math.min(256, wanted - ids.length) }, () =>
        call('POST', '/flow_runs/', newRun()),
      )
      ids.push(...(await Promise.all(some)).map(({ id }) => id))
    }
    const steps = [
      { type: 'RUNNING', name: 'Running' },
      { type: 'COMPLETED', name: 'Completed' },
    ]
    let count = 0
    const next = () => {
      const i = count++
      const state = steps[Math.floor(i / ids.length)]
      return state && (() => call('POST', `/flow_runs/${ids[i % ids.length]}/set_state`, { state }))
    }
    await closedLoop('set_state', next, { updatesARequest: 1 })
  },
  async read_run() {
    const { id } = await call('POST', '/flow_runs/', newRun())
    await closedLoop('read_run', () => () => call('GET', `/flow_runs/${id}`))
  },
  filter: () =>
    closedLoop(
      'filter',
      () => () =>
        call('POST', '/flow_runs/filter', {
          sort: 'START_TIME_DESC',
          limit: 50,
          flows: { id: { any_: [flow.id] } },
        }),
    ),
  count: () => closedLoop('count', () => () => call('POST', '/flow_runs/count', {})),
  async history() {
    const end = new Date()
    const range = {
      history_start: new Date(end.getTime() - 86_400_000).toISOString(),
      history_end: end.toISOString(),
      history_interval_seconds: 1800,
    }
    await closedLoop('history', () => () => call('POST', '/flow_runs/history', range))
  },
  async poll() {
    const name = `bench-${randomUUID().slice(0, 8)}`
    await call('POST', '/work_pools/', { name, type: 'process' })
    await closedLoop(
      'poll',
      () => () => call('POST', `/work_pools/${name}/get_scheduled_flow_runs`, { limit: 10 }),
    )
  },
  /** An agent of 2.x asks its queue, in which nothing waits. */
  async poll_queue() {
    const { id } = await call('POST', '/work_queues/', { name: `bench-${randomUUID().slice(0, 8)}` })
    await closedLoop('poll_queue', () => () => call('POST', `/work_queues/${id}/get_runs`, { limit: 10 }))
  },
  /** A claim that waits for nothing and finds nothing. */
  async claim_none() {
    const name = `bench-${randomUUID().slice(0, 8)}`
    await call('POST', '/work_pools/', { name, type: 'process' })
    let n = 0
    await closedLoop('claim_none', () => () => {
      const body = { worker_name: `worker ${n++ % 100}`, limit: 1, wait_seconds: 0 }
      return call('POST', `/work_pools/${name}/claim`, body)
    })
  },
  /** One run a claim, until all are gone. */
  async claim() {
    const wanted = Number(options.runs ?? 12_000)
    const name = `bench-${randomUUID().slice(0, 8)}`
    await call('POST', '/work_pools/', { name, type: 'process' })
    const state = { type: 'SCHEDULED', name: 'Scheduled' }
    for (let made = 0; made < wanted; made += 200)
      await Promise.all(
        Array.from({ length: 200 }, () =>
          call('POST', '/flow_runs/', newRun({ work_pool_name: name, state })),
        ),
      )
    let n = 0
    await closedLoop('claim', () => {
      if (n >= wanted) return undefined
      const body = { worker_name: `worker ${n++ % 100}`, limit: 1, wait_seconds: 0 }
      return async () => {
        const { claims } = await call('POST', `/work_pools/${name}/claim`, body)
        if (claims.length !== 1) throw new Error('there was nothing left to claim')
      }
    })
  },
  /** Fifty runs are due, ten are asked for; nobody claims them. */
  async poll_work() {
    const name = `bench-${randomUUID().slice(0, 8)}`
    await call('POST', '/work_pools/', { name, type: 'process' })
    for (let n = 0; n < 50; n++) {
      const state = { type: 'SCHEDULED', name: 'Scheduled' }
      await call('POST', '/flow_runs/', newRun({ work_pool_name: name, state }))
    }
    const poll = () => call('POST', `/work_pools/${name}/get_scheduled_flow_runs`, { limit: 10 })
    const found = await poll()
    if (found.length !== 10) throw new Error(`a poll found ${found.length} runs instead of 10`)
    await closedLoop('poll_work', () => poll)
  },
  /** Beats of a hundred workers of one pool. */
  async heartbeat() {
    const name = `bench-${randomUUID().slice(0, 8)}`
    await call('POST', '/work_pools/', { name, type: 'process' })
    let n = 0
    await closedLoop('heartbeat', () => () => {
      const body = { name: `worker ${n++ % 100}`, heartbeat_interval_seconds: 30 }
      return call('POST', `/work_pools/${name}/workers/heartbeat`, body)
    })
  },
  async logs100() {
    const run = randomUUID()
    await closedLoop('logs100', () => () => call('POST', '/logs/', hundredLines(run)))
  },
  task_events: () => taskEvents(Number(options.tasks ?? 1000)),
}

function hundredLines(flowRunId) {
  const timestamp = new Date().toISOString()
  return Array.from({ length: 100 }, (_, i) => ({
    name: 'prefect.flow_runs',
    level: 20,
    message: `line ${i} of a run that says a moderately long thing`,
    timestamp,
    flow_run_id: flowRunId,
  }))
}

/** The stock client's shape: three events a task run, a ping after each 700. Ends when the task runs can be counted. */
async function taskEvents(tasks) {
  const run = await call('POST', '/flow_runs/', newRun({ state: { type: 'RUNNING', name: 'Running' } }))
  const address = `ws://${base.host}${base.pathname}/events/in`
  const socket =
    options.ws === 'cloud'
      ? new WebSocket(address, { headers: { authorization: `bearer ${key}` } })
      : new WebSocket(address, 'prefect')
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  if (options.ws !== 'cloud') {
    socket.send(JSON.stringify({ type: 'auth', token: null }))
    await new Promise((resolve) => socket.once('message', resolve))
  }
  const ping = () =>
    new Promise((resolve) => {
      socket.once('pong', resolve)
      socket.ping()
    })
  const endSpending = await beginSpending()
  const began = performance.now()
  let sent = 0
  for (let i = 0; i < tasks; i++) {
    for (const event of eventsOfTask(run.id, i)) {
      socket.send(JSON.stringify(event))
      if (++sent % 700 === 0) await ping()
      if (socket.bufferedAmount > 4e6) await wait(2)
    }
  }
  await ping()
  const acceptedMs = performance.now() - began
  const completed = {
    flow_runs: { id: { any_: [run.id] } },
    task_runs: { state: { type: { any_: ['COMPLETED'] } } },
  }
  const giveUpAt = began + Number(options.wait ?? 240) * 1000
  let seen = 0
  while (seen < tasks && performance.now() < giveUpAt) {
    seen = await call('POST', '/task_runs/count', completed)
    if (seen < tasks) await wait(20)
  }
  const visibleMs = performance.now() - began
  const spent = await endSpending(sent, 0)
  print({
    case: 'task_events',
    tasks,
    n: sent,
    acceptedMs: round(acceptedMs),
    visibleMs: round(visibleMs),
    perSecond: round((sent / visibleMs) * 1000),
    errors: tasks - seen,
    ...(seen < tasks ? { firstError: `${seen} of ${tasks} task runs became visible` } : {}),
    ...spent,
  })
  socket.close()
}

function eventsOfTask(flowRunId, number) {
  const id = randomUUID()
  const beganAt = Date.now()
  const states = [
    ['PENDING', 'Pending'],
    ['RUNNING', 'Running'],
    ['COMPLETED', 'Completed'],
  ]
  return states.map(([type, name], i) => {
    const at = new Date(beganAt + i).toISOString()
    const [previousType, previousName] = states[i - 1] ?? []
    return {
      id: randomUUID(),
      occurred: at,
      event: `prefect.task-run.${name}`,
      follows: null,
      resource: {
        'prefect.resource.id': `prefect.task-run.${id}`,
        'prefect.resource.name': `t-${number}`,
        'prefect.run-count': '1',
        'prefect.state-message': '',
        'prefect.state-type': type,
        'prefect.state-name': name,
        'prefect.state-timestamp': at,
        'prefect.orchestration': 'client',
      },
      related: [
        {
          'prefect.resource.id': `prefect.flow-run.${flowRunId}`,
          'prefect.resource.role': 'flow-run',
          'prefect.resource.name': 'r',
        },
        {
          'prefect.resource.id': `prefect.flow.${flow.id}`,
          'prefect.resource.role': 'flow',
          'prefect.resource.name': 'f',
        },
      ],
      payload: {
        initial_state: previousType
          ? { type: previousType, name: previousName, message: '', state_details: {} }
          : null,
        intended: { from: previousType ?? null, to: type },
        validated_state: {
          type,
          name,
          message: '',
          state_details: { flow_run_id: flowRunId, task_run_id: id },
        },
        task_run: {
          name: `t-${number}`,
          task_key: 'bench.t',
          dynamic_key: String(number),
          flow_run_id: flowRunId,
          empirical_policy: { retries: 0, retry_delay: 0 },
          tags: [],
          labels: {},
          task_inputs: {},
          run_count: 1,
          flow_run_run_count: 1,
          total_run_time: 0,
          estimated_run_time: 0,
          estimated_start_time_delta: 0,
          start_time: at,
        },
      },
    }
  })
}

for (const name of (options.cases ?? 'create_flow_run,set_state').split(',')) {
  try {
    if (!cases[name]) throw new Error(`there is no such case; there are ${Object.keys(cases).join(', ')}`)
    await cases[name]()
  } catch (error) {
    print({ case: name, failed: error.message })
  }
}
await database?.close()
process.exit(0)
