import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { readWorkspace } from '../../db/scope.ts'
import { uuidv7 } from '../../db/uuid.ts'
import { stateTypes } from '../../domain/state.ts'
import { formatInstant } from '../../domain/time.ts'
import { testDatabase } from '../../testing/database.ts'
import {
  all,
  any,
  anyOf,
  few,
  given,
  inState,
  join,
  like,
  named,
  nullish,
  operator,
  patterns,
  presence,
  present,
  some$,
  sub,
  tagged,
  tags,
  type Verdict,
  within,
} from '../../testing/plain-filters.ts'
import { flowRunSorts, selectFlowRuns } from '../flow-runs/list-flow-runs.ts'
import type { AnyOf, Operator } from './operators.ts'
import {
  type DeploymentFilter,
  type FlowFilter,
  type FlowRunFilter,
  RunConditions,
  type RunFilters,
  type TaskRunFilter,
} from './run-filters.ts'
import type { WorkPoolFilter, WorkQueueFilter } from './work-filters.ts'

// The compiled SQL must find the rows that a plain reading of the filter finds, whatever the filter and the rows.

const db = await testDatabase()
const workspaceId = uuidv7()
const strangerId = uuidv7()

interface Flow {
  id: string
  name: string
  tags: string[]
}
interface Pool {
  id: string
  name: string
  type: string
  paused: boolean
}
interface Queue {
  id: string
  name: string
  pool: Pool
}
interface Deployment {
  id: string
  flow: Flow
  name: string
  tags: string[]
  paused: boolean
  status: string
  queue: Queue | null
}
interface Run {
  id: string
  flow: Flow
  name: string
  tags: string[]
  deployment: Deployment | null
  queue: Queue | null
  state: [string, string] | null
  version: string | null
  start: number | null
  end: number | null
  expected: number
  due: number | null
  parentTask: string | null
  key: string | null
  by: { id: string; type: string } | null
}
interface Task {
  id: string
  run: Run | null
  name: string
  tags: string[]
  state: [string, string]
  start: number | null
  end: number | null
  expected: number | null
}

const T0 = Date.UTC(2026, 0, 1) * 1000
const names = ['Load', 'load_2', 'lo%d', 'save\\', 'Ünï']
const tagSets = [[], ['a'], ['a', 'b'], ['b']]
const creators = [uuidv7(), uuidv7()]
const stateNames = ['Late', 'Done', 'Failed']
const pick = <Item>(items: readonly Item[], n: number): Item => items[Math.abs(n) % items.length] as Item

// One fixed set of rows, odd enough to tell filters apart; their numbers come from a small generator.
let seed = 7
const dice = (sides: number): number => {
  seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
  return Math.floor((seed / 2_147_483_648) * sides)
}
const maybe = <Value>(value: () => Value): Value | null => (dice(3) === 0 ? null : value())
const instant = () => T0 + dice(8) * 700_000

const flows: Flow[] = Array.from({ length: 4 }, (_, i) => ({
  id: uuidv7(),
  name: `${pick(names, i)}-${i}`,
  tags: pick(tagSets, i),
}))
const pools: Pool[] = ['process', 'docker'].map((type, i) => ({
  id: uuidv7(),
  name: `p${i}`,
  type,
  paused: i === 0,
}))
const queues: Queue[] = [0, 0, 1].map((pool, i) => ({
  id: uuidv7(),
  name: `q${i % 2}`,
  pool: pick(pools, pool),
}))
const deployments: Deployment[] = Array.from({ length: 8 }, (_, i) => ({
  id: uuidv7(),
  flow: pick(flows, dice(3)),
  name: `${pick(names, i)}-${i}`,
  tags: pick(tagSets, dice(4)),
  paused: dice(2) === 0,
  status: pick(['READY', 'NOT_READY'], dice(2)),
  queue: maybe(() => pick(queues, dice(3))),
}))
const tasks: Task[] = []
const runs: Run[] = []
for (let i = 0; i < 60; i++) {
  runs.push({
    id: uuidv7(),
    flow: pick(flows.slice(0, 3), dice(3)),
    name: pick(names, dice(5)),
    tags: pick(tagSets, dice(4)),
    deployment: maybe(() => pick(deployments, dice(8))),
    queue: maybe(() => pick(queues, dice(3))),
    state: maybe(() => [pick(stateTypes, dice(9)), pick(stateNames, dice(3))]),
    version: maybe(() => pick(['1', '2'], dice(2))),
    start: maybe(instant),
    end: maybe(instant),
    expected: instant(),
    due: maybe(instant),
    parentTask: i > 10 ? maybe(() => pick(tasks, dice(tasks.length)).id) : null,
    key: maybe(() => `key-${i}`),
    by: maybe(() => ({ id: pick(creators, dice(2)), type: pick(['DEPLOYMENT', 'SCHEDULE'], dice(2)) })),
  })
  tasks.push({
    id: uuidv7(),
    run: maybe(() => pick(runs, dice(runs.length))),
    name: pick(names, dice(5)),
    tags: pick(tagSets, dice(4)),
    state: [pick(stateTypes, dice(9)), pick(stateNames, dice(3))],
    start: maybe(instant),
    end: maybe(instant),
    expected: maybe(instant),
  })
}

const at = (micros: number | null): string | null => (micros === null ? null : formatInstant(micros))

beforeAll(async () => {
  const sql = db.engine
  const accountId = uuidv7()
  await sql`insert into accounts (id, name, handle) values (${accountId}, 'a', 'a')`
  for (const [id, handle] of [
    [workspaceId, 'w'],
    [strangerId, 's'],
  ] as const) {
    await sql`insert into workspaces (id, account_id, name, handle) values (${id}, ${accountId}, ${handle}, ${handle})`
    // The stranger has the same rows: none of them may ever show up.
    for (const flow of flows)
      await sql`insert into flows (workspace_id, id, name, tags) values (${id}, ${flow.id}, ${flow.name}, ${flow.tags}::text[])`
    for (const pool of pools)
      await sql`
        insert into work_pools (workspace_id, id, name, type, is_paused, default_queue_id)
        values (${id}, ${pool.id}, ${pool.name}, ${pool.type}, ${pool.paused}, ${pool.id})`
    for (const [i, queue] of queues.entries())
      await sql`
        insert into work_queues (workspace_id, id, work_pool_id, name, priority)
        values (${id}, ${queue.id}, ${queue.pool.id}, ${queue.name}, ${i + 1})`
    for (const deployment of deployments)
      await sql`
        insert into deployments (workspace_id, id, flow_id, name, tags, paused, status, work_queue_id)
        values (${id}, ${deployment.id}, ${deployment.flow.id}, ${deployment.name}, ${deployment.tags}::text[], ${deployment.paused},
          ${deployment.status}, ${deployment.queue?.id ?? null})`
    for (const run of runs) {
      await sql`
        insert into flow_runs (workspace_id, id, flow_id, name, tags, deployment_id, work_queue_id, work_queue_name, state_type, state_name, flow_version,
          start_at, end_at, expected_start_at, next_scheduled_start_at, parent_task_run_id, idempotency_key, created_by)
        values (${id}, ${run.id}, ${run.flow.id}, ${run.name}, ${run.tags}::text[], ${run.deployment?.id ?? null},
          ${run.queue?.id ?? null}, ${run.queue?.name ?? null},
          ${run.state?.[0] ?? null}::text::state_type, ${run.state?.[1] ?? null}, ${run.version}, ${at(run.start)}, ${at(run.end)},
          ${at(run.expected)}, ${at(run.due)}, ${run.parentTask}, ${run.key}, ${run.by && JSON.stringify(run.by)}::text::jsonb)`
      if (run.start !== null && (run.start < run.expected || run.start - run.expected > 1_000_000)) {
        await sql`
          insert into flow_run_late_starts (workspace_id, flow_id, start_at, run_id)
          values (${id}, ${run.flow.id}, ${at(run.start)}, ${run.id})`
      }
    }
    for (const task of tasks) {
      await sql`
        insert into task_runs (workspace_id, id, flow_run_id, task_key, dynamic_key, name, tags, state_type, state_name, start_at, end_at, expected_start_at)
        values (${id}, ${task.id}, ${task.run?.id ?? null}, 'k', ${task.id}, ${task.name}, ${task.tags}::text[],
          ${task.state[0]}::text::state_type, ${task.state[1]}, ${at(task.start)}, ${at(task.end)}, ${at(task.expected)})`
    }
  }
})

// A plain reading of the language. true, false, or null where a value is missing, as in SQL. --------------------------

const isFlow = (flow: Flow, filter: FlowFilter): Verdict =>
  join(filter.operator, [
    given(filter.id, (f) => any(flow.id, f)),
    given(
      filter.deployment,
      (f) => typeof f.is_null_ !== 'boolean' || deployments.some((d) => d.flow === flow) !== f.is_null_,
    ),
    given(filter.name, (f) => named(flow.name, f)),
    given(filter.tags, (f) => tagged(flow.tags, f)),
  ])

const isRun = (run: Run, filter: FlowRunFilter): Verdict =>
  join(filter.operator, [
    given(filter.id, (f) => any(run.id, f)),
    given(filter.name, (f) => named(run.name, f)),
    given(filter.tags, (f) => tagged(run.tags, f)),
    given(filter.deployment_id, (f) => present(run.deployment?.id ?? null, f)),
    given(filter.work_queue_name, (f) => present(run.queue?.name ?? null, f)),
    given(filter.state, (f) => inState(run.state, f)),
    given(filter.flow_version, (f) => any(run.version, f)),
    given(filter.start_time, (f) => within(run.start ?? run.expected, f, run.start)),
    given(filter.end_time, (f) => within(run.end, f)),
    given(filter.expected_start_time, (f) => within(run.expected, f)),
    given(filter.next_scheduled_start_time, (f) => within(run.due, f)),
    given(filter.parent_flow_run_id, ({ any_: ids }) => {
      if (!ids) return true
      const parents = tasks.filter((task) => task.run && ids.includes(task.run.id)).map((task) => task.id)
      return any(run.parentTask, { any_: parents })
    }),
    given(filter.parent_task_run_id, (f) => present(run.parentTask, f)),
    given(filter.idempotency_key, (f) => any(run.key, f)),
    given(filter.created_by, (f) =>
      join(f.operator, [
        given(f.id_, (ids) => any(run.by?.id ?? null, { any_: ids })),
        given(f.type_, (types) => any(run.by?.type ?? null, { any_: types })),
        given(f.is_null_, (wanted) => (run.by === null) === wanted),
      ]),
    ),
  ])

const isTask = (task: Task, filter: TaskRunFilter): Verdict =>
  join(filter.operator, [
    given(filter.id, (f) => any(task.id, f)),
    given(filter.name, (f) => named(task.name, f)),
    given(filter.tags, (f) => tagged(task.tags, f)),
    given(filter.state, (f) => inState(task.state, f)),
    given(filter.start_time, (f) => within(task.start ?? task.expected, f, task.start)),
    given(filter.end_time, (f) => within(task.end, f)),
    given(filter.expected_start_time, (f) => within(task.expected, f)),
    given(
      filter.subflow_runs,
      ({ exists_: wanted }) =>
        typeof wanted !== 'boolean' || runs.some((run) => run.parentTask === task.id) === wanted,
    ),
    given(filter.flow_run_id, (f) =>
      f.is_null_ === true
        ? join(f.operator, [
            task.run === null,
            given(f.any_, (ids) => any(task.run?.id ?? null, { any_: ids })),
          ])
        : f.any_
          ? any(task.run?.id ?? null, { any_: f.any_ })
          : task.run !== null,
    ),
  ])

const isDeployment = (deployment: Deployment, filter: DeploymentFilter): Verdict =>
  join(filter.operator, [
    given(filter.id, (f) => any(deployment.id, f)),
    given(filter.name, (f) => named(deployment.name, f)),
    given(filter.flow_or_deployment_name, ({ like_ }) =>
      typeof like_ === 'string' ? like(deployment.name, like_) || like(deployment.flow.name, like_) : true,
    ),
    given(filter.paused, (f) => (typeof f.eq_ === 'boolean' ? deployment.paused === f.eq_ : true)),
    given(filter.is_schedule_active, (f) =>
      typeof f.eq_ === 'boolean' ? deployment.paused !== f.eq_ : true,
    ),
    given(filter.tags, (f) => tagged(deployment.tags, f)),
    given(filter.flow_id, (f) => any(deployment.flow.id, f)),
    // What a deployment without a queue is asked about its queue, it is not.
    given(filter.work_queue_name, (f) =>
      f.any_ || f.not_any_ ? any(deployment.queue?.name ?? null, f) === true : true,
    ),
    given(filter.status, (f) => any(deployment.status, f)),
    given(filter.concurrency_limit, () => true),
  ])

const isQueue = (queue: Queue, filter: WorkQueueFilter): Verdict =>
  join(filter.operator, [
    given(filter.id, (f) => any(queue.id, f)),
    given(filter.name, (f) =>
      all([
        named(queue.name, f),
        f.startswith_ ? f.startswith_.some((start) => queue.name.startsWith(start.toLowerCase())) : true,
      ]),
    ),
  ])

const isPool = (pool: Pool, filter: WorkPoolFilter): Verdict =>
  join(filter.operator, [
    given(filter.id, (f) => any(pool.id, f)),
    given(filter.name, (f) => named(pool.name, f)),
    given(filter.type, (f) => any(pool.type, f)),
    given(filter.paused, (f) => (typeof f.eq_ === 'boolean' ? pool.paused === f.eq_ : true)),
  ])

const waitsIn = (queue: Queue | null, { work_pools, work_queues }: RunFilters): boolean =>
  (!work_queues || !says(work_queues) || (queue !== null && isQueue(queue, work_queues) === true)) &&
  (!work_pools || !says(work_pools) || (queue !== null && isPool(queue.pool, work_pools) === true))

const matchesDeployment = (deployment: Deployment, filters: RunFilters): boolean =>
  (filters.deployments ? isDeployment(deployment, filters.deployments) === true : true) &&
  waitsIn(deployment.queue, filters)

const matchesRun = (run: Run, filters: RunFilters): boolean =>
  hasRunParts(run, filters) &&
  waitsIn(run.queue, filters) &&
  (!filters.deployments ||
    !says(filters.deployments) ||
    (run.deployment !== null && isDeployment(run.deployment, filters.deployments) === true))

/** Without what is said of its deployment, pool and queue. */
const hasRunParts = (run: Run, { flows: onFlow, flow_runs, task_runs }: RunFilters): boolean =>
  all([
    onFlow ? isFlow(run.flow, onFlow) : true,
    flow_runs ? isRun(run, flow_runs) : true,
    task_runs && says(task_runs)
      ? tasks.some((task) => task.run === run && isTask(task, task_runs) === true)
      : true,
  ]) === true

/** A filter of a related kind that constrains nothing does not ask for a related row either. */
const says = (filter: object): boolean => {
  const parts = Object.entries(filter).filter(
    ([key, value]) => key !== 'operator' && value !== null && value !== undefined,
  )
  const asks = parts.map(([key, value]) => partAsks(key, value))
  return (filter as { operator?: Operator }).operator === 'or_'
    ? asks.length > 0 && asks.every(Boolean)
    : asks.some(Boolean)
}
const partAsks = (key: string, value: Record<string, unknown>): boolean => {
  if (key === 'flow_run_id') return true
  if (key === 'deployment') return typeof value.is_null_ === 'boolean'
  if (key === 'concurrency_limit') return false
  const inner = Object.entries(value).filter(([k, v]) => k !== 'operator' && v !== null && v !== undefined)
  if (key !== 'state') return inner.length > 0
  const states = inner
    .map(([, v]) => v as AnyOf<string>)
    .filter((v) => !(v.any_ && v.not_any_))
    .map((v) => Boolean(v.any_ || v.not_any_))
  return value.operator === 'or_' ? states.length > 0 && states.every(Boolean) : states.some(Boolean)
}

// Filters of every kind ------------------------------------------------------------------------------------------------

const instants = fc.integer({ min: -1, max: 9 }).map((n) => T0 + n * 700_000)
const span = sub({ before_: nullish(instants), after_: nullish(instants) })
const nullableSpan = sub({
  before_: nullish(instants),
  after_: nullish(instants),
  is_null_: nullish(fc.boolean()),
})
const name = sub({ any_: nullish(some$([...names, 'other'])), like_: nullish(patterns) })
const state = sub({ operator, type: anyOf(stateTypes), name: anyOf(stateNames) })
const flowFilter: fc.Arbitrary<FlowFilter> = few({
  id: anyOf(flows.map((f) => f.id)),
  name: sub({ any_: nullish(some$(flows.map((f) => f.name))), like_: nullish(patterns) }),
  tags,
  deployment: sub({ is_null_: nullish(fc.boolean()) }),
})
const taskFilter: fc.Arbitrary<TaskRunFilter> = few({
  id: anyOf(tasks.map((t) => t.id)),
  name,
  tags,
  state,
  start_time: nullableSpan,
  end_time: nullableSpan,
  expected_start_time: span,
  subflow_runs: sub({ exists_: nullish(fc.boolean()) }),
  flow_run_id: presence(runs.map((r) => r.id)),
})
const runFilter: fc.Arbitrary<FlowRunFilter> = few({
  id: anyOf(runs.map((r) => r.id)),
  name,
  tags,
  deployment_id: presence(deployments.map((d) => d.id)),
  work_queue_name: presence(['q0', 'q1']),
  state,
  flow_version: sub({ any_: nullish(some$(['1', '2'])) }),
  start_time: nullableSpan,
  end_time: nullableSpan,
  expected_start_time: span,
  next_scheduled_start_time: span,
  parent_flow_run_id: sub({ any_: nullish(some$(runs.map((r) => r.id))) }),
  parent_task_run_id: presence(tasks.map((t) => t.id)),
  idempotency_key: anyOf(runs.map((r) => r.key ?? 'none')),
  created_by: sub({
    operator,
    id_: nullish(some$(creators)),
    type_: nullish(some$(['DEPLOYMENT', 'SCHEDULE'])),
    is_null_: nullish(fc.boolean()),
  }),
})
const equal = sub({ eq_: nullish(fc.boolean()) })
const deploymentFilter: fc.Arbitrary<DeploymentFilter> = few({
  id: anyOf(deployments.map((d) => d.id)),
  name,
  flow_or_deployment_name: sub({ like_: nullish(patterns) }),
  paused: equal,
  is_schedule_active: equal,
  tags,
  flow_id: sub({ any_: nullish(some$(flows.map((f) => f.id))) }),
  work_queue_name: sub({ any_: nullish(some$(['q0', 'q1'])) }),
  status: sub({ any_: nullish(some$(['READY', 'NOT_READY'])) }),
  concurrency_limit: sub({ ge_: nullish(fc.constant(1)) }),
})
const queueFilter: fc.Arbitrary<WorkQueueFilter> = few({
  id: anyOf(queues.map((q) => q.id)),
  name: sub({ any_: nullish(some$(['q0', 'q1', 'other'])), startswith_: nullish(some$(['q', 'Q1', 'x'])) }),
})
const poolFilter: fc.Arbitrary<WorkPoolFilter> = few({
  id: anyOf(pools.map((p) => p.id)),
  name: sub({ any_: nullish(some$(['p0', 'p1', 'other'])) }),
  type: sub({ any_: nullish(some$(['process', 'docker'])) }),
  paused: equal,
})
const filters: fc.Arbitrary<RunFilters> = fc.record(
  {
    flows: nullish(flowFilter),
    flow_runs: nullish(runFilter),
    task_runs: nullish(taskFilter),
    deployments: nullish(deploymentFilter),
    work_pools: nullish(poolFilter),
    work_queues: nullish(queueFilter),
  },
  { requiredKeys: [] },
)

const found = (query: (conditions: RunConditions) => PromiseLike<readonly { id: string }[]>) =>
  readWorkspace(db, workspaceId, async (sql) =>
    (await query(new RunConditions(sql, workspaceId))).map((row) => row.id),
  )
const idsOf = (rows: readonly { id: string }[]): string[] => rows.map((row) => row.id).sort()
const settings = { numRuns: 400 }

test('flow runs', async () => {
  await fc.assert(
    fc.asyncProperty(filters, async (filter) => {
      const ids = await found(
        (is) =>
          is.sql`select r.id from flow_runs r where r.workspace_id = ${workspaceId} ${is.onFlowRuns(filter)}`,
      )
      expect(ids.sort()).toEqual(idsOf(runs.filter((run) => matchesRun(run, filter))))
    }),
    settings,
  )
})

test('task runs', async () => {
  await fc.assert(
    fc.asyncProperty(filters, async (filter) => {
      const { task_runs, ...others } = filter
      const ids = await found(
        (is) =>
          is.sql`select t.id from task_runs t where t.workspace_id = ${workspaceId} ${is.onTaskRuns(filter)}`,
      )
      const asks = Object.values(others).some((part) => part && says(part))
      const matches = (task: Task) =>
        (task_runs ? isTask(task, task_runs) === true : true) &&
        (!asks || (task.run !== null && matchesRun(task.run, others)))
      expect(ids.sort()).toEqual(idsOf(tasks.filter(matches)))
    }),
    settings,
  )
})

test('flows', async () => {
  await fc.assert(
    fc.asyncProperty(filters, async (filter) => {
      const { flows: onFlow, flow_runs, task_runs, ...placed } = filter
      const ids = await found(
        (is) => is.sql`select f.id from flows f where f.workspace_id = ${workspaceId} ${is.onFlows(filter)}`,
      )
      const asksRun = [flow_runs, task_runs].some((part) => part && says(part))
      const asksDeployment = Object.values(placed).some((part) => part && says(part))
      const matches = (flow: Flow) =>
        (onFlow ? isFlow(flow, onFlow) === true : true) &&
        (!asksRun || runs.some((run) => run.flow === flow && hasRunParts(run, { flow_runs, task_runs }))) &&
        (!asksDeployment || deployments.some((d) => d.flow === flow && matchesDeployment(d, placed)))
      expect(ids.sort()).toEqual(idsOf(flows.filter(matches)))
    }),
    settings,
  )
})

test('deployments', async () => {
  await fc.assert(
    fc.asyncProperty(filters, async (filter) => {
      const { flows: onFlow, flow_runs, task_runs } = filter
      const ids = await found(
        (is) =>
          is.sql`select d.id from deployments d where d.workspace_id = ${workspaceId} ${is.onDeployments(filter)}`,
      )
      const asksRun = [flow_runs, task_runs].some((part) => part && says(part))
      const matches = (deployment: Deployment) =>
        matchesDeployment(deployment, filter) &&
        (!onFlow || !says(onFlow) || isFlow(deployment.flow, onFlow) === true) &&
        (!asksRun ||
          runs.some((run) => run.deployment === deployment && hasRunParts(run, { flow_runs, task_runs })))
      expect(ids.sort()).toEqual(idsOf(deployments.filter(matches)))
    }),
    settings,
  )
})

test('every order, page by page', async () => {
  const start = (run: Run) => run.start ?? run.expected
  const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
  const nullsLast = (a: number | null, b: number | null, order: (a: number, b: number) => number) =>
    a === null || b === null ? (a === b ? 0 : a === null ? 1 : -1) : order(a, b)
  const up = (a: number, b: number) => a - b
  const down = (a: number, b: number) => b - a
  const idDown = (a: Run, b: Run) => byText(b.id, a.id)
  const idUp = (a: Run, b: Run) => byText(a.id, b.id)
  const orders = {
    ID_DESC: idDown,
    START_TIME_ASC: (a, b) => up(start(a), start(b)) || idUp(a, b),
    START_TIME_DESC: (a, b) => down(start(a), start(b)) || idDown(a, b),
    EXPECTED_START_TIME_ASC: (a, b) => up(a.expected, b.expected) || idUp(a, b),
    EXPECTED_START_TIME_DESC: (a, b) => down(a.expected, b.expected) || idDown(a, b),
    NEXT_SCHEDULED_START_TIME_ASC: (a, b) => nullsLast(a.due, b.due, up) || idUp(a, b),
    END_TIME_DESC: (a, b) => nullsLast(a.end, b.end, down) || idDown(a, b),
  } satisfies Partial<Record<(typeof flowRunSorts)[number], (a: Run, b: Run) => number>>
  // Names sort by the collation of the database, which has its own opinion.
  const sorts = flowRunSorts.filter((sort): sort is keyof typeof orders => sort in orders)
  await fc.assert(
    fc.asyncProperty(
      filters,
      fc.constantFrom(...sorts),
      fc.integer({ min: 1, max: 9 }),
      fc.nat(12),
      async (filter, sort, limit, offset) => {
        const rows = await readWorkspace(db, workspaceId, (sql) =>
          selectFlowRuns(sql, workspaceId, { filters: filter, sort, limit, offset }),
        )
        const expected = runs.filter((run) => matchesRun(run, filter)).sort(orders[sort])
        expect(rows.map((row) => row.id)).toEqual(expected.slice(offset, offset + limit).map((run) => run.id))
      },
    ),
    settings,
  )
})
