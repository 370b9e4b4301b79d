// node bench/soak.mjs [--minutes 5] [--workers 6] [--json]: whether memory stays flat while everything that comes and goes
// comes and goes: runs, task runs, lines, sockets, event streams, keys, strangers. Prints a row every twenty seconds, of which
// the garbage was collected, then how fast the heap grows once warm, and what is left when it is quiet. See README.md.
import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { WebSocket } from 'ws'
import { startRigel, takeDown } from './stage.mjs'

const text = { type: 'string' }
const { values: options } = parseArgs({
  options: { minutes: text, workers: text, json: { type: 'boolean', default: false } },
})
const minutes = Number(options.minutes ?? 5)
const workers = Number(options.workers ?? 6)
const TASKS = 40
const LINES = 100
const SAMPLE_MS = 20_000
/** The first part of the time is left out of the slope: caches fill and code is compiled. */
const WARM_SHARE = 0.3
const MAX_IDLE_MEGABYTES = 250
/** What a server does in an hour for a team: a run every three seconds. */
const RUNS_AN_HOUR = 1_200

const done = {
  runs: 0,
  taskRuns: 0,
  events: 0,
  lines: 0,
  reads: 0,
  sockets: 0,
  streams: 0,
  keys: 0,
  failed: 0,
}
let firstFailure
const over = new AbortController()

async function drive(server) {
  const origin = new URL(server.url).origin
  const headers = { authorization: `Bearer ${server.key}`, 'content-type': 'application/json' }
  const call = async (method, path, body, more = {}) => {
    const answer = await fetch(path.startsWith('/api') ? origin + path : server.url + path, {
      method,
      headers: { ...headers, ...more },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const said = await answer.text()
    if (!answer.ok && answer.status !== 429) throw new Error(`${method} ${path}: ${answer.status} ${said}`)
    return said && answer.headers.get('content-type')?.includes('json') ? JSON.parse(said) : said
  }

  let started = 0

  /** A run from its creation to its end, as a client makes it. */
  async function run(number) {
    const flow = await call('POST', '/flows/', { name: `soak-${number % 50}` })
    const { id } = await call('POST', '/flow_runs/', {
      flow_id: flow.id,
      name: `soak-${number}`,
      tags: [`t${number % 200}`],
      parameters: { number, text: 'x'.repeat(500) },
      state: { type: 'PENDING', name: 'Pending' },
    })
    const become = (type, name) =>
      call('POST', `/flow_runs/${id}/set_state`, { state: { type, name }, force: false })
    await become('RUNNING', 'Running')
    await tasks(id, flow.id)
    const timestamp = new Date().toISOString()
    const line = (n) => ({
      name: 'prefect.flow_runs',
      level: 20,
      message: `line ${n} of ${id}`,
      timestamp,
      flow_run_id: id,
    })
    await call(
      'POST',
      '/logs/',
      Array.from({ length: LINES }, (_, n) => line(n)),
    )
    done.lines += LINES
    await call('POST', '/artifacts/', {
      key: `soak-${number % 100}`,
      type: 'markdown',
      data: `# ${number}`,
      flow_run_id: id,
    })
    await become('COMPLETED', 'Completed')
    await Promise.all([
      call('POST', '/flow_runs/filter', { limit: 50, sort: 'START_TIME_DESC' }),
      call('GET', `/flow_runs/${id}`),
      call('POST', '/logs/filter', { logs: { flow_run_id: { any_: [id] } } }),
      call('POST', '/events/filter', {
        filter: { resource: { id: [`prefect.flow-run.${id}`] } },
        limit: 50,
      }),
    ])
    done.reads += 4
    done.runs++
  }

  async function tasks(runId, flowId) {
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/events/in`, {
      headers: { authorization: headers.authorization },
    })
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
    for (let n = 0; n < TASKS; n++)
      for (const event of taskEvents(runId, flowId, n)) socket.send(JSON.stringify(event))
    const pong = new Promise((resolve) => socket.once('pong', resolve))
    socket.ping()
    await pong
    socket.close()
    done.sockets++
    done.taskRuns += TASKS
    done.events += 3 * TASKS
  }

  /** Again and again, whatever fails. */
  const repeat = async (step) => {
    while (!over.signal.aborted) {
      await step().catch((error) => {
        done.failed++
        firstFailure ??= error
      })
    }
  }
  const pause = (ms) => wait(ms, undefined, { signal: over.signal }).catch(() => {})

  /** Pages that are opened and left, and subscribers of events, a few at a time. */
  const reader = async () => {
    const leave = new AbortController()
    const page = fetch(`${server.url}/live?topic=runs`, { headers, signal: leave.signal })
      .then(async (answer) => {
        for await (const part of answer.body) if (part.length === 0) break
      })
      .catch(() => {})
    const socket = new WebSocket(`${server.url.replace('http', 'ws')}/events/out`, 'prefect')
    socket.on('error', () => {})
    socket.once('open', () => {
      socket.send(JSON.stringify({ type: 'auth', token: server.key }))
      socket.send(JSON.stringify({ type: 'filter', filter: { event: { prefix: ['prefect.flow-run.'] } } }))
    })
    await pause(1_500)
    leave.abort()
    socket.close()
    await page
    done.streams += 2
  }

  /** Keys that are made, used once and revoked; addresses that nobody may enter. */
  const stranger = async () => {
    const made = await call('POST', '/api/me/api_keys', { name: 'soak' })
    if (made.key) {
      await call('GET', '/api/me/workspaces', undefined, { authorization: `Bearer ${made.key}` })
      await call('DELETE', `/api/me/api_keys/${made.id}`)
      done.keys++
    }
    await fetch(server.url.replace(/[0-9a-f-]{36}$/, randomUUID()), { headers }).catch(() => {})
    await fetch(`${server.url}/flows/filter`, {
      method: 'POST',
      headers: { ...headers, authorization: `Bearer ${randomUUID()}` },
    })
    await pause(1_000)
  }

  await Promise.all([
    ...Array.from({ length: workers }, () => repeat(() => run(started++))),
    ...Array.from({ length: 3 }, () => repeat(reader)),
    repeat(stranger),
  ])
}

function taskEvents(runId, flowId, number) {
  const id = randomUUID()
  const beganAt = Date.now()
  const names = ['Pending', 'Running', 'Completed']
  return names.map((name, i) => {
    const at = new Date(beganAt + i).toISOString()
    const type = name.toUpperCase()
    const before = names[i - 1]
    return {
      id: randomUUID(),
      occurred: at,
      event: `prefect.task-run.${name}`,
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
        { 'prefect.resource.id': `prefect.flow-run.${runId}`, 'prefect.resource.role': 'flow-run' },
        { 'prefect.resource.id': `prefect.flow.${flowId}`, 'prefect.resource.role': 'flow' },
      ],
      payload: {
        initial_state: before
          ? { type: before.toUpperCase(), name: before, message: '', state_details: {} }
          : null,
        intended: { from: before?.toUpperCase() ?? null, to: type },
        validated_state: {
          type,
          name,
          message: '',
          state_details: { flow_run_id: runId, task_run_id: id },
        },
        task_run: {
          name: `t-${number}`,
          task_key: 'soak.t',
          dynamic_key: String(number),
          flow_run_id: runId,
          empirical_policy: { retries: 0, retry_delay: 0 },
          tags: [],
          labels: {},
          task_inputs: {},
        },
      },
    }
  })
}

const MEGABYTE = 1024 * 1024

/** What the process says of itself. */
async function sample(origin, beganAt) {
  const answer = await (await fetch(`${origin}/metrics`)).text()
  const read = (name) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(answer)?.[1]) / MEGABYTE
  return {
    second: Math.round((performance.now() - beganAt) / 1_000),
    runs: done.runs,
    rss: read('process_resident_memory_bytes'),
    heap: read('nodejs_heap_size_used_bytes'),
    outside: read('nodejs_external_memory_bytes'),
  }
}

/** Node's inspector of the server. */
async function inspect(address) {
  const socket = new WebSocket(address)
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  const ask = (method) =>
    new Promise((resolve) => {
      socket.once('message', resolve)
      socket.send(JSON.stringify({ id: 1, method }))
    })
  return { collectGarbage: () => ask('HeapProfiler.collectGarbage'), close: () => socket.close() }
}

/** Megabytes that each run leaves behind: the slope of a line through the samples. */
function slope(samples, key) {
  const n = samples.length
  const mean = (read) => samples.reduce((sum, each) => sum + read(each), 0) / n
  const [x, y] = [mean((each) => each.runs), mean((each) => each[key])]
  const over2 = samples.reduce((sum, each) => sum + (each.runs - x) ** 2, 0)
  return samples.reduce((sum, each) => sum + (each.runs - x) * (each[key] - y), 0) / over2
}

const fixed = (value, digits = 0) => value.toFixed(digits).padStart(8)

async function main() {
  const server = await startRigel({ inspect: true })
  const { origin } = new URL(server.url)
  const inspector = await inspect(server.inspector)
  const look = async () => {
    await inspector.collectGarbage()
    return sample(origin, beganAt)
  }
  await wait(3_000)
  const beganAt = performance.now()
  const samples = [await look()]
  const print = ({ second, runs, rss, heap, outside }) =>
    process.stderr.write(`${[second, runs, rss, heap, outside].map((v) => fixed(v)).join('')}\n`)
  process.stderr.write(
    `${['second', 'runs', 'rss MB', 'heap MB', 'outside'].map((v) => v.padStart(8)).join('')}\n`,
  )
  print(samples[0])
  const driving = drive(server)
  while (performance.now() - beganAt < minutes * 60_000) {
    await wait(SAMPLE_MS)
    const one = await look()
    samples.push(one)
    print(one)
  }
  over.abort()
  await driving
  // Until idle connections are let go.
  await wait(75_000)
  const quiet = await look()
  inspector.close()
  print(quiet)
  const warm = samples.slice(Math.ceil(samples.length * WARM_SHARE))
  const report = {
    minutes,
    hours: done.runs / RUNS_AN_HOUR,
    done,
    startMegabytes: samples[0],
    quietMegabytes: quiet,
    megabytesAnHour: { rss: slope(warm, 'rss') * RUNS_AN_HOUR, heap: slope(warm, 'heap') * RUNS_AN_HOUR },
    firstFailure: firstFailure?.message,
  }
  if (options.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`)
  else
    process.stdout.write(
      `\n${done.runs} runs, ${done.taskRuns} task runs, ${done.lines} lines, ${done.streams} streams, ${done.keys} keys, ` +
        `${done.failed} failed${firstFailure ? ` (${firstFailure.message.slice(0, 200)})` : ''}: ` +
        `${report.hours.toFixed(1)} hours of a run every ${3_600 / RUNS_AN_HOUR} s.\n` +
        `Growth once warm, for such an hour: heap ${report.megabytesAnHour.heap.toFixed(1)} MB, process ${report.megabytesAnHour.rss.toFixed(1)} MB.\n` +
        `At rest: ${samples[0].rss.toFixed(0)} MB before, ${quiet.rss.toFixed(0)} MB after (at most ${MAX_IDLE_MEGABYTES}: ${quiet.rss <= MAX_IDLE_MEGABYTES ? 'PASS' : 'ABOVE'}); ` +
        `heap ${samples[0].heap.toFixed(0)} and ${quiet.heap.toFixed(0)} MB.\n`,
    )
}

let status = 0
process.once('SIGINT', () => void takeDown().then(() => process.exit(130)))
process.once('SIGTERM', () => void takeDown().then(() => process.exit(143)))
try {
  await main()
} catch (error) {
  process.stderr.write(`\n${error.stack}\n`)
  status = 1
} finally {
  await takeDown()
}
process.exit(status)
