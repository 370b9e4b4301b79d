import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { logFilter as wireLog } from '../../api/logs/read-routes.ts'
import { uuidv7 } from '../../db/uuid.ts'
import { formatInstant } from '../../domain/time.ts'
import { testDatabase } from '../../testing/database.ts'
import { ownWorkspace } from '../../testing/owner.ts'
import {
  all,
  any,
  ascending,
  descending,
  few,
  given,
  inTurn,
  join,
  nullish,
  onPage,
  page,
  present,
  some$,
  sub,
  untouched,
  type Verdict,
  within,
} from '../../testing/plain-filters.ts'
import { type LogFilter, listLogs, logSorts } from '../logs/list-logs.ts'

// Hundreds of questions a test: a machine that does other things too needs its time.
vi.setConfig({ testTimeout: 180_000 })

const db = await testDatabase()
const ctx = await ownWorkspace(db)
const stranger = await ownWorkspace(db)

let seed = 3
const dice = (sides: number): number => {
  seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
  return Math.floor((seed / 2_147_483_648) * sides)
}
const pick = <Item>(items: readonly Item[]): Item => items[dice(items.length)] as Item

interface Line {
  id: string
  at: number
  level: number
  run: string | null
  task: string | null
  worker: string | null
  logger: string
  message: string
}
const T0 = Date.UTC(2026, 0, 1) * 1000
const runs = [uuidv7(), uuidv7(), uuidv7()]
// Of the first run, of the second, and one that the server has not heard of yet.
const tasks = [uuidv7(), uuidv7(), uuidv7()]
const workers = [uuidv7(), uuidv7()]
const loggers = ['prefect.flow_runs', 'my.logger']
const lines: Line[] = Array.from({ length: 60 }, () => {
  const place = dice(4)
  return {
    id: uuidv7(),
    at: T0 + dice(6) * 333_000,
    level: pick([10, 20, 30, 40]),
    run: runs[place] ?? null,
    task: dice(2) === 0 ? null : (tasks[place] ?? null),
    worker: pick([null, ...workers]),
    logger: pick(loggers),
    message: pick(['Started 100% well', 'failed: "disk full"', 'Disk ok', 'well, done', '']),
  }
})

for (const { workspaceId } of [stranger, ctx]) {
  for (const [i, id] of tasks.slice(0, 2).entries())
    await db.engine`
      insert into task_runs (workspace_id, id, flow_run_id, task_key, dynamic_key, name)
      values (${workspaceId}, ${id}, ${runs[i] ?? null}, 'k', ${id}, 't')`
  for (const { id, at, level, run, task, worker, logger, message } of lines)
    await db.engine`
      insert into logs (workspace_id, at, id, flow_run_id, task_run_id, worker_id, logger, level, message)
      values (${workspaceId}, ${formatInstant(at)}, ${id}, ${run}, ${task}, ${worker}, ${logger}, ${level}, ${message})`
}

/** The searches that are drawn below, read by hand: [alternatives, needed, refused]. */
const searches: Readonly<Record<string, readonly [string[], string[], string[]]>> = {
  disk: [['disk'], [], []],
  'disk WELL': [['disk', 'well'], [], []],
  '+disk -full': [[], ['disk'], ['full']],
  '!ok disk': [['disk'], [], ['ok']],
  '"disk full"': [['disk full'], [], []],
  '100%': [['100%'], [], []],
  '\\-well': [['-well'], [], []],
  flow_runs: [['flow_runs'], [], []],
  '  ': [[], [], []],
}
const matchesSearch = ({ message, logger }: Line, query: string): boolean => {
  const text = `${message} ${logger}`.toLowerCase()
  const [some, each, none] = searches[query] ?? [[], [], []]
  const has = (word: string) => text.includes(word.toLowerCase())
  return (some.length === 0 || some.some(has)) && each.every(has) && !none.some(has)
}

const isLine = (line: Line, filter: LogFilter): Verdict =>
  join(filter.operator, [
    given(filter.level, (f) =>
      join('and_', [
        given(f.ge_, (least) => line.level >= least),
        given(f.le_, (most) => line.level <= most),
      ]),
    ),
    given(filter.timestamp, (f) => within(line.at, f)),
    given(filter.flow_run_id, (f) => any(line.run, { any_: f.any_ })),
    given(filter.task_run_id, (f) => present(line.task, f)),
    given(filter.worker_id, (f) =>
      join('and_', [any(line.worker, f), given(f.is_null_, (wanted) => (line.worker === null) === wanted)]),
    ),
    given(filter.loggers, (f) => any(line.logger, f)),
    given(filter.text, ({ query }) => !query || matchesSearch(line, query)),
  ])

const instants = fc.integer({ min: -1, max: 7 }).map((n) => T0 + n * 333_000)
const filters: fc.Arbitrary<LogFilter> = few({
  level: nullish(
    fc.record(
      { ge_: nullish(fc.constantFrom(10, 20, 25)), le_: nullish(fc.constantFrom(20, 30, 50)) },
      { requiredKeys: [] },
    ),
  ),
  timestamp: sub({ before_: nullish(instants), after_: nullish(instants) }),
  flow_run_id: sub({ any_: nullish(some$([...runs, uuidv7()])) }),
  task_run_id: sub({ any_: nullish(some$(tasks)), is_null_: nullish(fc.boolean()) }),
  worker_id: sub({
    any_: nullish(some$(workers)),
    not_any_: nullish(some$(workers)),
    is_null_: nullish(fc.boolean()),
  }),
  loggers: sub({ any_: nullish(some$([...loggers, 'other'])) }),
  text: nullish(fc.record({ query: nullish(fc.constantFrom(...Object.keys(searches))) })),
})

const [at, id] = [(line: Line) => line.at, (line: Line) => line.id]
const inOrder = [ascending(at), ascending(id)]
/** Postgres has missing values first where the order runs down. */
const firstWhenMissing = (key: (line: Line) => string | null) =>
  descending((line: Line) => key(line) ?? 'missing')
const orders = {
  TIMESTAMP_ASC: inTurn(...inOrder),
  TIMESTAMP_DESC: inTurn(descending(at), descending(id)),
  LEVEL_ASC: inTurn(
    ascending((line: Line) => line.level),
    ...inOrder,
  ),
  LEVEL_DESC: inTurn(
    descending((line: Line) => line.level),
    ...inOrder,
  ),
  FLOW_RUN_ID_ASC: inTurn(
    ascending((line: Line) => line.run),
    ...inOrder,
  ),
  FLOW_RUN_ID_DESC: inTurn(
    firstWhenMissing((line) => line.run),
    ...inOrder,
  ),
  TASK_RUN_ID_ASC: inTurn(
    ascending((line: Line) => line.task),
    ...inOrder,
  ),
  TASK_RUN_ID_DESC: inTurn(
    firstWhenMissing((line) => line.task),
    ...inOrder,
  ),
}

test('what the wire takes is asked here, and turns rows away', () => {
  expect(untouched(wireLog, filters, lines, isLine)).toEqual([])
})

test('log lines, in every order, page by page', async () => {
  await fc.assert(
    fc.asyncProperty(nullish(filters), page(logSorts), async (filter, asked) => {
      const expected = lines.filter((line) => !filter || all([isLine(line, filter)]) === true)
      const found = await listLogs(ctx, { filter, ...asked })
      expect(found.map((row) => row.id)).toEqual(onPage(expected, orders, asked).map((line) => line.id))
    }),
    { numRuns: 200 },
  )
})
