import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { uuidv7 } from '../../db/uuid.ts'
import { isFinal, type StateType, stateTypes } from '../../domain/state.ts'
import { formatInstant } from '../../domain/time.ts'
import { testDatabase } from '../../testing/database.ts'
import { ownWorkspace } from '../../testing/owner.ts'
import { runHistory } from './run-history.ts'

// Whoever asks for half an hour or for a second of history, from whatever moment on, is told the same of the same runs.

// Hundreds of questions a test: a machine that does other things too needs its time.
vi.setConfig({ testTimeout: 180_000 })

const db = await testDatabase()
const owner = await ownWorkspace(db)
const { workspaceId } = owner
const SECOND = 1e6
const HOUR = 3_600 * SECOND
const now = Date.UTC(2026, 5, 10, 12, 34, 56) * 1000 + 789_000
const ctx = { ...owner, nowMicros: () => now }

let seed = 41
const dice = (sides: number): number => {
  seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
  return Math.floor((seed / 2_147_483_648) * sides)
}
const at = (micros: number | null) => (micros === null ? null : formatInstant(micros))

interface Run {
  readonly flowId: string
  readonly state: StateType
  readonly expected: number
  readonly start: number | null
  readonly end: number | null
  readonly since: number
  readonly seconds: number
}
const flows = [uuidv7(), uuidv7()]
const runs: Run[] = Array.from({ length: 120 }, (_, i) => {
  const state = stateTypes[dice(stateTypes.length)] ?? 'PENDING'
  // Some at the very borders of minutes and hours.
  const expected =
    i % 5 === 0 ? now - (now % HOUR) - dice(70) * HOUR : now - dice(70 * 3_600) * SECOND - dice(1e6)
  const isBegun = isFinal(state) || state === 'RUNNING'
  return {
    flowId: flows[dice(2)] ?? '',
    state,
    expected,
    start: isBegun && dice(4) > 0 ? expected + dice(90) * SECOND : null,
    end: isFinal(state) ? expected + 200 * SECOND : null,
    since: now - dice(500) * SECOND,
    seconds: dice(100) / 4,
  }
})

/** As the engine counts a run when it moves there. */
const count = (table: string, run: Run, state: StateType, sign: 1 | -1) => {
  const width = table === 'run_counts_hourly' ? HOUR : 60 * SECOND
  const late = run.start === null ? 0 : Math.max(0, run.start - run.expected) / 1e6
  return db.engine`
    insert into ${db.engine(table)} as c (workspace_id, kind, bucket_at, flow_id, deployment_id, state_type, state_name, runs, run_seconds, late_seconds)
    values (${workspaceId}, 'flow-run', ${at(run.expected - (run.expected % width))}, ${run.flowId}, '00000000-0000-0000-0000-000000000000',
      ${state}::text::state_type, ${state}, ${sign}, ${sign * run.seconds}, ${sign * late})
    ${
      table === 'run_count_deltas'
        ? db.engine``
        : db.engine`
            on conflict (workspace_id, kind, bucket_at, flow_id, deployment_id, state_type, state_name)
            do update set runs = c.runs + excluded.runs, run_seconds = c.run_seconds + excluded.run_seconds, late_seconds = c.late_seconds + excluded.late_seconds`
    }`
}
const foldedUntil = Math.floor((now - 48 * HOUR) / HOUR) * HOUR

for (const flowId of flows)
  await db.engine`insert into flows (workspace_id, id, name) values (${workspaceId}, ${flowId}, ${flowId})`
for (const [i, run] of runs.entries()) {
  await db.engine`
    insert into flow_runs (workspace_id, id, flow_id, name, state_type, state_name, state_at, expected_start_at, start_at, end_at, total_run_time_seconds)
    values (${workspaceId}, ${uuidv7()}, ${run.flowId}, 'r', ${run.state}::text::state_type, ${run.state}, ${at(run.since)},
      ${at(run.expected)}, ${at(run.start)}, ${at(run.end)}, ${run.seconds})`
  if (run.expected >= foldedUntil)
    await count(i % 2 === 0 ? 'run_counts' : 'run_count_deltas', run, run.state, 1)
  else if (i % 3 > 0) await count('run_counts_hourly', run, run.state, 1)
  else {
    // Folded while it was paused; it moved on since.
    await count('run_counts_hourly', run, 'PAUSED', 1)
    await count('run_count_deltas', run, 'PAUSED', -1)
    await count('run_count_deltas', run, run.state, 1)
  }
}

const runSeconds = (run: Run) =>
  run.seconds + (run.state === 'RUNNING' ? Math.max(0, now - run.since) / 1e6 : 0)
const lateSeconds = (run: Run) =>
  Math.max(0, (run.start ?? (run.end === null ? now : run.expected)) - run.expected) / 1e6

test('a history tells of every run where it belongs, with the times that it has by now', async () => {
  const filters = fc.record({
    flows: fc.constantFrom(undefined, { id: { any_: flows.slice(0, 1) } }),
    flow_runs: fc.constantFrom(
      undefined,
      { state: { type: { any_: ['COMPLETED', 'RUNNING', 'SCHEDULED'] as const } } },
      { state: { type: { not_any_: ['FAILED'] as const } } },
      { name: { like_: 'r' } },
    ),
  })
  await fc.assert(
    fc.asyncProperty(
      filters,
      fc.oneof(
        fc.nat(72 * 3_600).map((s) => now - s * SECOND - 123),
        fc.nat(72).map((h) => now - (now % HOUR) - h * HOUR),
      ),
      fc.constantFrom(60, 300, 777.5, 3_600, 5_400, 86_400),
      fc.integer({ min: 1, max: 60 }),
      async (filter, startMicros, intervalSeconds, intervals) => {
        const endMicros = startMicros + intervals * intervalSeconds * SECOND
        const types = filter.flow_runs?.state?.type
        const matching = runs.filter(
          (run) =>
            (!filter.flows || run.flowId === flows[0]) &&
            (!types ||
              ('any_' in types
                ? (types.any_ as readonly string[]).includes(run.state)
                : run.state !== 'FAILED')),
        )
        const told = await runHistory(ctx, 'flow-run', {
          filters: filter,
          startMicros,
          endMicros,
          intervalSeconds,
        })
        expect(told).toHaveLength(intervals)
        for (const { startMicros: from, endMicros: to, states } of told) {
          const inside = matching.filter((run) => run.expected >= from && run.expected < to)
          const expected = stateTypes.flatMap((stateType) => {
            const its = inside.filter((run) => run.state === stateType)
            const sum = (of: (run: Run) => number) => its.reduce((total, run) => total + of(run), 0)
            return its.length === 0
              ? []
              : [
                  {
                    stateType,
                    stateName: stateType,
                    runs: its.length,
                    runSeconds: expect.closeTo(sum(runSeconds), 3),
                    lateSeconds: expect.closeTo(sum(lateSeconds), 3),
                  },
                ]
          })
          expect(states).toEqual(expected)
        }
      },
    ),
    { numRuns: 200 },
  )
})
