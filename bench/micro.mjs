// The pure parts of a transition, each against JSON.parse of the request that it is for.
import { pathToFileURL } from 'node:url'
import { importSource } from './stage.mjs'

/** What a Prefect 3 client sends when a flow begins. */
const request = JSON.stringify({
  state: {
    type: 'RUNNING',
    name: 'Running',
    message: null,
    data: null,
    timestamp: '2026-08-21T16:27:33.123456Z',
    state_details: {
      flow_run_id: null,
      task_run_id: null,
      child_flow_run_id: null,
      scheduled_time: null,
      cache_key: null,
      cache_expiration: null,
      deferred: false,
      untrackable_result: false,
      pause_timeout: null,
      pause_reschedule: false,
      pause_key: null,
      run_input_keyset: null,
      refresh_cache: null,
      retriable: null,
      transition_id: '0199c0de-0000-7000-8000-000000000000',
      task_parameters_id: null,
    },
  },
  force: false,
})

let sink = 0

/** Nanoseconds of one call: the best of some rounds, since whatever else runs only ever adds. */
function nanosOf(work, rounds = 12, milliseconds = 25) {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < rounds; round++) {
    const began = process.hrtime.bigint()
    const end = began + BigInt(milliseconds * 1e6)
    let calls = 0
    let now = began
    while (now < end) {
      // Used, so that it is not optimised away.
      for (let i = 0; i < 50; i++) if (work() === sink) sink++
      calls += 50
      now = process.hrtime.bigint()
    }
    best = Math.min(best, Number(now - began) / calls)
  }
  return best
}

export async function runMicroBenches() {
  const { decide, coreFlowPolicy, flowRunIn, propose, facts, parseInstant, formatInstant, rawMember } =
    await importSource('bench/pure-parts.ts')
  const run = flowRunIn('PENDING')
  const proposed = propose('RUNNING')
  const known = facts()
  const instant = '2026-08-21T16:27:33.123456Z'
  const micros = parseInstant(instant)
  const parts = {
    'JSON.parse of the request': () => JSON.parse(request),
    'decide(coreFlowPolicy), PENDING → RUNNING': () => decide(coreFlowPolicy, run, proposed, known),
    'rawMember, cutting state.data out': () => rawMember(request, 'state', 'data'),
    'parseInstant, microseconds': () => parseInstant(instant),
    'formatInstant, microseconds': () => formatInstant(micros),
  }
  const nanos = Object.entries(parts).map(([name, work]) => ({ name, nanos: nanosOf(work) }))
  return nanos.map((row) => ({ ...row, ratio: row.nanos / nanos[0].nanos }))
}

// node bench/micro.mjs
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const { name, nanos, ratio } of await runMicroBenches())
    process.stdout.write(
      `${name.padEnd(44)} ${nanos.toFixed(0).padStart(7)} ns ${ratio.toFixed(2).padStart(7)} ×\n`,
    )
}
