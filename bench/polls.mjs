// How often workers may ask for work: polls that find none, polls that find some, heartbeats and claims, against the reference, and
// what each costs whom in CPU time, which says more than a rate where the machine has other work.
//   node bench/polls.mjs [--cases poll,poll_work] [--seconds 4] [--rounds 3] [--inflight 64] [--no-reference] [--profile]
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { root } from '../lib/process/install.mjs'
import { topCosts } from './profile.mjs'
import { startPostgres, startReference, startRigel, takeDown } from './stage.mjs'

const text = { type: 'string' }
const flag = { type: 'boolean', default: false }
const { values: options } = parseArgs({
  options: {
    ...{ cases: text, seconds: text, rounds: text, inflight: text },
    ...{ 'no-reference': flag, profile: flag },
  },
})
/** Least ratio to the reference; null: it has no such thing. */
const floors = {
  poll: 100,
  poll_queue: 100,
  poll_work: 30,
  heartbeat: 100,
  claim_none: null,
  claim: null,
  health: null,
}
const names = options.cases?.split(',') ?? Object.keys(floors)
const rounds = Number(options.rounds ?? 3)

const drive = (name, args) => {
  const output = execFileSync(
    process.execPath,
    [
      join(root, 'bench', 'drive.mjs'),
      ...['--cases', name, '--seconds', options.seconds ?? '4', '--inflight', options.inflight ?? '64'],
      ...['--warm', '1', ...args],
    ],
    { encoding: 'utf8' },
  )
  const result = JSON.parse(output.trim().split('\n').at(-1))
  if (result.failed || result.errors > 0) throw new Error(`${name}: ${result.failed ?? result.firstError}`)
  return result
}
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]
const say = (cells) => process.stdout.write(`${cells.join('  ')}\n`)

async function measure(server) {
  await server.create('rigel_bench')
  const databaseUrl = server.urlOf('rigel_bench')
  const rigel = await startRigel({ databaseUrl })
  let reference
  if (!options['no-reference']) {
    await server.create('reference')
    reference = await startReference(server.urlOf('reference')).catch((error) => {
      process.stderr.write(`no reference: ${error.message}\n`)
    })
  }
  for (const name of names) {
    const [ours, theirs] = [[], []]
    const compares = reference && floors[name] !== null
    for (let round = 0; round < rounds; round++) {
      if (compares) theirs.push(drive(name, ['--base', reference.url]))
      ours.push(
        drive(name, ['--base', rigel.url, '--key', rigel.key, '--pids', `${rigel.pid},${server.pid}`]),
      )
    }
    const of = (pick) => median(ours.map(pick))
    const rate = of((result) => result.perSecond)
    const [node, postgres] = [
      of(({ cpuMicros }) => cpuMicros.server),
      of(({ cpuMicros }) => cpuMicros.postgres),
    ]
    const line = [
      name.padEnd(12),
      `${rate}/s`.padStart(10),
      `p99 ${of((result) => result.p99ms)} ms`.padStart(14),
      `CPU a request: node ${node} µs, postgres ${postgres} µs`.padEnd(48),
    ]
    if (compares) {
      const other = median(theirs.map((result) => result.perSecond))
      const ratio = rate / other
      line.push(`reference ${other}/s`.padStart(20), `${ratio.toFixed(0)} ×`.padStart(8))
      line.push(ratio >= floors[name] ? `PASS (${floors[name]})` : `BELOW ${floors[name]}`)
    }
    say(line)
  }
  await rigel.stop()
}

async function profileCases(server) {
  await server.create('rigel_bench')
  for (const name of names) {
    const folder = join(root, '.rigel', 'bench-profiles', name)
    const rigel = await startRigel({ databaseUrl: server.urlOf('rigel_bench'), profile: folder })
    drive(name, ['--base', rigel.url, '--key', rigel.key])
    await rigel.stop()
    const { self, total } = topCosts(folder, 30)
    for (const [title, costs] of [
      ['by what they do themselves', self],
      ['with what they call', total],
    ]) {
      say([`\n${name}: the dearest functions, ${title}`])
      for (const cost of costs) say([`${cost.percent.toFixed(1)} %`.padStart(8), cost.name])
    }
  }
}

try {
  const server = await startPostgres()
  await (options.profile ? profileCases(server) : measure(server))
} finally {
  await takeDown()
}
