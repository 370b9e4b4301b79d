// How often workers may ask for work: polls that find none, polls that find some, and heartbeats, against the reference.
//   node bench/polls.mjs [--seconds 4] [--rounds 3] [--inflight 64] [--no-reference]
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { root } from '../lib/process/install.mjs'
import { startPostgres, startReference, startRigel, takeDown } from './stage.mjs'

const text = { type: 'string' }
const { values: options } = parseArgs({
  options: {
    seconds: text,
    rounds: text,
    inflight: text,
    'no-reference': { type: 'boolean', default: false },
  },
})
/** Least ratio to the reference. */
const floors = { poll: 100, poll_work: 30, heartbeat: 100 }
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
  return JSON.parse(output.trim().split('\n').at(-1))
}
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]

try {
  const server = await startPostgres()
  await server.create('rigel_bench')
  const rigel = await startRigel({ databaseUrl: server.urlOf('rigel_bench') })
  let reference
  if (!options['no-reference']) {
    await server.create('reference')
    reference = await startReference(server.urlOf('reference')).catch((error) => {
      process.stderr.write(`no reference: ${error.message}\n`)
    })
  }
  for (const [name, floor] of Object.entries(floors)) {
    const [ours, theirs] = [[], []]
    for (let round = 0; round < rounds; round++) {
      if (reference) theirs.push(drive(name, ['--base', reference.url]))
      ours.push(drive(name, ['--base', rigel.url, '--key', rigel.key]))
    }
    const rate = median(ours.map((result) => result.perSecond))
    const p99 = median(ours.map((result) => result.p99ms))
    const line = [name.padEnd(12), `${rate}/s`.padStart(10), `p99 ${p99} ms`.padStart(14)]
    if (reference) {
      const other = median(theirs.map((result) => result.perSecond))
      const ratio = rate / other
      line.push(`reference ${other}/s`.padStart(20), `${ratio.toFixed(0)} ×`.padStart(8))
      line.push(ratio >= floor ? `PASS (${floor})` : `BELOW ${floor}`)
    }
    process.stdout.write(`${line.join('  ')}\n`)
  }
} finally {
  await takeDown()
}
