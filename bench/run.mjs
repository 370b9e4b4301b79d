// npm run bench: what Rigel does, as ratios, since only ratios of one run mean anything on a busy machine. See README.md.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs, promisify } from 'node:util'
import { checkNodeVersion, ensureInstalled, root, stop } from '../lib/process/install.mjs'

checkNodeVersion()
await ensureInstalled()
const { residentMegabytes } = await import('./counters.mjs')
const { measureLimits } = await import('./limit.mjs')
const { runMicroBenches } = await import('./micro.mjs')
const { topCosts } = await import('./profile.mjs')
const stage = await import('./stage.mjs')

const usage = `Usage: npm run bench -- [--cases a,b] [--seconds 6] [--rounds 3] [--inflight 64] [--quick]
                        [--no-reference] [--no-limit] [--profile] [--json]`

/** Least ratio to the reference server: of rates, and for writes of p99 at 64 in flight. */
const floors = {
  set_state: 100,
  create_flow_run: 120,
  task_events: 200,
  logs100: 60,
  read_run: 40,
  filter: 20,
}
const latencyFloor = 20
const allCases = [
  'create_flow_run',
  'set_state',
  'task_events',
  'logs100',
  'read_run',
  'filter',
  'count',
  'history',
]

let options
try {
  const text = { type: 'string' }
  const flag = { type: 'boolean', default: false }
  options = parseArgs({
    options: {
      ...{ cases: text, seconds: text, rounds: text, inflight: text, quick: flag, profile: flag, json: flag },
      ...{ 'no-reference': flag, 'no-limit': flag, help: flag },
    },
  }).values
} catch (error) {
  stop(`${error.message}\n${usage}`)
}
if (options.help) stop(usage)
const cases = options.cases?.split(',') ?? (options.quick ? Object.keys(floors) : allCases)
const seconds = Number(options.seconds ?? (options.quick ? 2 : 6))
const rounds = Number(options.rounds ?? (options.quick ? 1 : 3))
const inflight = Number(options.inflight ?? 64)
const warmSeconds = '2'
const tasks = options.quick ? 300 : 1000

const say = (line) => process.stderr.write(`  ${line}\n`)
const run = promisify(execFile)

/** One case by a driver of its own process; its last line, parsed. */
async function drive(driver, name, args) {
  const { stdout } = await run(
    process.execPath,
    [driver, '--cases', name, '--inflight', String(inflight), '--seconds', String(seconds), ...args],
    { cwd: root, maxBuffer: 1e7 },
  )
  const result = JSON.parse(stdout.trim().split('\n').at(-1))
  return { ...result, perSecond: result.perSecond ?? result.eventsPerSecondToVisible }
}

const ownDriver = join(root, 'bench', 'drive.mjs')
const driver = existsSync(stage.sharedDriver) ? stage.sharedDriver : ownDriver

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
const summary = (results) => ({
  perSecond: median(results.map((result) => (result.failed ? 0 : result.perSecond))),
  p99ms: median(results.map((result) => result.p99ms ?? result.visibleMs ?? Number.NaN)),
  trouble: results.map((result) => result.failed ?? result.firstError).find(Boolean),
})

// Two transitions a run: enough that they do not run out.
const rigelRuns = String(Math.max(2000, 5000 * seconds))
const argsOf = {
  rigel: ({ url, key }) => ['--base', url, '--key', key, '--ws', 'cloud', '--runs', rigelRuns],
  reference: ({ url }) => ['--base', url, '--ws', 'open', '--runs', String(Math.max(64, 50 * seconds))],
}

async function compare(rigel, reference) {
  const rows = {}
  for (const name of cases) {
    const [theirs, ours] = [[], []]
    const more = ['--tasks', String(tasks), '--wait', '300', '--wsmod', join(root, 'node_modules', 'ws')]
    for (let i = 0; i < rounds; i++) {
      say(`${name}: round ${i + 1} of ${rounds}, reference, then Rigel`)
      theirs.push(await drive(driver, name, [...argsOf.reference(reference), ...more]))
      ours.push(await drive(driver, name, [...argsOf.rigel(rigel), ...more]))
    }
    const [them, us] = [summary(theirs), summary(ours)]
    const ratio = us.perSecond / them.perSecond
    const latencyRatio = them.p99ms / us.p99ms
    rows[name] = {
      ...{ reference: them, rigel: us, ratio, floor: floors[name] },
      ...(floors[name] ? { passes: ratio >= floors[name] } : {}),
      latencyRatio,
      // The p99 floor is of requests with 64 in flight, which a socket has not.
      ...(floors[name] && name !== 'task_events' && inflight === 64
        ? { latencyPasses: latencyRatio >= latencyFloor }
        : {}),
    }
  }
  return rows
}

/** Each case alone, with what it costs whom. */
async function measureCosts(rigel, postgres) {
  const rows = {}
  for (const name of cases) {
    say(`${name}: costs`)
    rows[name] = await drive(ownDriver, name, [
      ...[...argsOf.rigel(rigel), '--tasks', String(tasks), '--pids', `${rigel.pid},${postgres.pid}`],
      ...['--database', postgres.urlOf('rigel'), '--warm', warmSeconds],
    ])
  }
  return rows
}

async function measureShell() {
  const bare = await stage.startBareHono()
  const rows = {}
  for (const name of ['bare_post', 'bare_get', 'bare_logs']) {
    say(`${name}: the HTTP shell alone`)
    rows[name] = await drive(ownDriver, name, [
      ...['--base', bare.url, '--ws', 'none', '--pids', `${bare.pid},`, '--warm', warmSeconds],
    ])
  }
  return rows
}

const shellOf = {
  create_flow_run: 'bare_post',
  set_state: 'bare_post',
  logs100: 'bare_logs',
  read_run: 'bare_get',
  filter: 'bare_get',
}

const number = (value, digits = 0) =>
  value === undefined || Number.isNaN(value)
    ? '–'
    : value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })

function table(title, head, rows) {
  const all = [head, ...rows]
  const widths = head.map((_, i) => Math.max(...all.map((row) => String(row[i] ?? '').length)))
  const line = (row) =>
    row
      .map((cell, i) => (i === 0 ? String(cell).padEnd(widths[i]) : String(cell ?? '').padStart(widths[i])))
      .join('  ')
      .trimEnd()
  process.stdout.write(`\n${title}\n\n${all.map((row) => `  ${line(row)}`).join('\n')}\n`)
}

const mark = (passes) => (passes === undefined ? '' : passes ? 'PASS' : 'BELOW')

function printComparison(rows) {
  table(
    `Against the reference server, on the same Postgres, alternating (${rounds} × ${seconds} s, ${inflight} in flight)`,
    ['case', 'reference/s', 'Rigel/s', 'ratio', 'floor', '', 'p99 ms there', 'here', 'ratio', 'floor', ''],
    Object.entries(rows).map(([name, row]) => [
      ...[name, number(row.reference.perSecond, 1), number(row.rigel.perSecond)],
      ...[`${number(row.ratio, 1)}×`, row.floor ? `${row.floor}×` : '', mark(row.passes)],
      ...[number(row.reference.p99ms), number(row.rigel.p99ms, 1), `${number(row.latencyRatio, 1)}×`],
      ...[row.latencyPasses === undefined ? '' : `${latencyFloor}×`, mark(row.latencyPasses)],
    ]),
  )
  for (const [name, { reference, rigel }] of Object.entries(rows)) {
    for (const [who, { trouble }] of Object.entries({ reference, Rigel: rigel }))
      if (trouble) process.stdout.write(`  !! ${name}, ${who}: ${trouble}\n`)
  }
}

function printLimits(costs, limits, shell) {
  table(
    `Against the limits (${limits ? `Postgres alone by ${limits.tool}, in batches like Rigel's; ` : ''}bare Hono with the same shapes)`,
    ['case', 'Rigel/s', 'Postgres alone/s', 'share', 'bare Hono/s', 'share'],
    Object.entries(costs)
      .filter(([name]) => shellOf[name])
      .map(([name, { perSecond }]) => {
        const limit = limits?.rates[name]
        const bare = shell[shellOf[name]]?.perSecond
        const isRate = typeof limit === 'number'
        return [
          ...[name, number(perSecond), isRate ? number(limit) : (limit?.failed ?? '–')],
          ...[isRate ? `${number((perSecond / limit) * 100)} %` : ''],
          ...[number(bare), bare ? `${number((perSecond / bare) * 100)} %` : ''],
        ]
      }),
  )
}

function printCosts(costs, shell) {
  table(
    'What a request costs (CPU µs; these move far less than rates when the machine is busy)',
    ['case', '/s', 'p50 ms', 'p99 ms', 'node', 'postgres', 'driver', 'errors'],
    Object.entries({ ...costs, ...shell }).map(([name, row]) => [
      ...[name, number(row.perSecond), number(row.p50ms, 1), number(row.p99ms, 1)],
      ...['server', 'postgres', 'driver'].map((who) => number(row.cpuMicros?.[who])),
      row.failed ?? row.firstError ?? row.errors,
    ]),
  )
  table(
    'What it does to Postgres (a request; of an event for task_events)',
    [
      'case',
      'statements',
      'statement µs',
      'commits',
      'requests a commit',
      'WAL bytes',
      'HOT share of updates',
    ],
    Object.entries(costs)
      .filter(([, { counters }]) => counters)
      .map(([name, { counters }]) => [
        ...[
          name,
          number(counters.statements, 2),
          number(counters.statementMicros),
          number(counters.commits, 3),
        ],
        ...[number(1 / counters.commits, 1), number(counters.walBytes)],
        counters.hotShare === undefined ? '' : `${number(counters.hotShare * 100, 1)} %`,
      ]),
  )
}

async function main() {
  say('starting Postgres and Rigel')
  const postgres = await stage.startPostgres()
  for (const name of ['reference', 'limit']) await postgres.create(name)
  const rigel = await stage.startRigel({ dataDir: postgres.dataDir })
  // Long enough that start-up's garbage is gone.
  await wait(3000)
  const idleMegabytes = residentMegabytes(rigel.pid)
  const report = { machine: { cores: cpus().length, model: cpus()[0]?.model }, inflight, seconds, rounds }

  const costs = await measureCosts(rigel, postgres)
  const shell = await measureShell()
  let comparison
  let noReference = '--no-reference'
  if (!options['no-reference']) {
    try {
      say('starting the reference server (its first time takes some minutes)')
      const reference = await stage.startReference(postgres.urlOf('reference'))
      comparison = await compare(rigel, reference)
    } catch (error) {
      noReference = error.message
    }
  }
  const memory = { idleMegabytes, afterMegabytes: residentMegabytes(rigel.pid) }
  await rigel.stop()

  let limits
  if (!options['no-limit']) {
    say('Postgres alone')
    const empty = await stage.startRigel({ databaseUrl: postgres.urlOf('limit') })
    await empty.stop()
    limits = await measureLimits(postgres.urlOf('limit'), { seconds, cases })
  }
  let profile
  if (options.profile) {
    say('profiling')
    profile = {}
    for (const name of cases) {
      const folder = join(root, '.rigel', 'bench-profiles', name)
      const profiled = await stage.startRigel({ dataDir: postgres.dataDir, profile: folder })
      await drive(ownDriver, name, [...argsOf.rigel(profiled), '--tasks', String(tasks * 10)])
      await profiled.stop()
      profile[name] = topCosts(folder)
    }
  }
  const micro = await runMicroBenches()

  if (options.json) {
    const all = { ...report, comparison, limits, costs, shell, memory, micro, profile, floors }
    process.stdout.write(`${JSON.stringify(all, null, 2)}\n`)
    return
  }
  if (comparison) printComparison(comparison)
  else process.stdout.write(`\nNo comparison with the reference server: ${noReference}\n`)
  printLimits(costs, limits, shell)
  printCosts(costs, shell)
  process.stdout.write(
    `\nMemory of the node process: ${memory.idleMegabytes} MB idle (at most 250: ${mark(memory.idleMegabytes <= 250)}), ` +
      `${memory.afterMegabytes} MB after the load\n`,
  )
  table(
    'Pure parts, against JSON.parse of the set_state request that they are for',
    ['part', 'ns', '× JSON.parse'],
    micro.map(({ name, nanos, ratio }) => [name, number(nanos), number(ratio, 2)]),
  )
  for (const [name, { self, total }] of Object.entries(profile ?? {})) {
    const rowsOf = (rows) => rows.map((row) => [`${row.percent.toFixed(1).padStart(5)}  ${row.name}`])
    table(`Where node's time goes, by function: ${name}`, ['    %'], rowsOf(self))
    table(`The same, with what they call: ${name}`, ['    %'], rowsOf(total))
  }
}

let status = 0
process.once('SIGINT', () => void stage.takeDown().then(() => process.exit(130)))
process.once('SIGTERM', () => void stage.takeDown().then(() => process.exit(143)))
try {
  await main()
} catch (error) {
  process.stderr.write(`\n${error.stack}\n`)
  status = 1
} finally {
  await stage.takeDown()
}
process.exit(status)
