import fc from 'fast-check'
import { beforeAll, expect, test, vi } from 'vitest'
import {
  deploymentFilter as wireDeployment,
  flowFilter as wireFlow,
  flowRunFilter as wireRun,
  taskRunFilter as wireTask,
} from '../../api/filters/run-filters.ts'
import {
  workPoolListFilter as wirePool,
  workQueueListFilter as wireQueue,
} from '../../api/filters/work-filters.ts'
import { readWorkspace } from '../../db/scope.ts'
import { uuidv7 } from '../../db/uuid.ts'
import { stateTypes } from '../../domain/state.ts'
import { formatInstant } from '../../domain/time.ts'
import { testDatabase } from '../../testing/database.ts'
import { ownWorkspace } from '../../testing/owner.ts'
import {
  all,
  any,
  anyOf,
  ascending,
  type By,
  creator,
  descending,
  few,
  given,
  inState,
  inTurn,
  join,
  known,
  like,
  madeBy,
  named,
  nullish,
  onPage,
  operator,
  page,
  patterns,
  presence,
  present,
  some$,
  sub,
  tagged,
  tags,
  untouched,
  type Verdict,
  within,
} from '../../testing/plain-filters.ts'
import { countDeployments } from '../deployments/list-deployments.ts'
import { countedByState, countFlowRuns } from '../flow-runs/count-flow-runs.ts'
import { flowRunLateness } from '../flow-runs/flow-run-lateness.ts'
import { flowRunSorts, selectFlowRuns } from '../flow-runs/list-flow-runs.ts'
import { runHistory } from '../flow-runs/run-history.ts'
import { countFlows } from '../flows/list-flows.ts'
import { countTaskRunsByState } from '../task-runs/count-by-state.ts'
import { countTaskRuns } from '../task-runs/list-task-runs.ts'
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

// Hundreds of questions a test: a machine that does other things too needs its time.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })

const db = await testDatabase()
const ctx = await ownWorkspace(db)
const { workspaceId } = ctx
const { workspaceId: strangerId } = await ownWorkspace(db)

interface Flow {
  id: string
  name: string
  tags: string[]
  by: By | null
  lastBy: By | null
}
interface Pool {
  id: string
  name: string
  type: string
  paused: boolean
  status: string
  by: By | null
  lastBy: By | null
}
interface Queue {
  id: string
  name: string
  pool: Pool
  by: By | null
  lastBy: By | null
}
interface Deployment {
  id: string
  flow: Flow
  name: string
  tags: string[]
  paused: boolean
  status: string
  queue: Queue | null
  branch: string | null
  base: string | null
  root: string | null
  by: By | null
  lastBy: By | null
  limit: { id: string; slots: number } | null
  versions: { id: string; info: { type: string; version: string } }[]
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
  by: By | null
  versionOfDeployment: Deployment['versions'][number] | null
  seconds: number
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
  /** Of earlier stretches, and since when it is in its state. */
  seconds: number
  since: number
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

const creatorTypes = ['DEPLOYMENT', 'SCHEDULE']
const by = () => maybe(() => ({ id: pick(creators, dice(2)), type: pick(creatorTypes, dice(2)) }))
const flows: Flow[] = Array.from({ length: 4 }, (_, i) => ({
  id: uuidv7(),
  name: `${pick(names, i)}-${i}`,
  tags: pick(tagSets, i),
  by: by(),
  lastBy: by(),
}))
const pools: Pool[] = ['process', 'docker'].map((type, i) => ({
  id: uuidv7(),
  name: `p${i}`,
  type,
  paused: i === 0,
  status: i === 0 ? 'PAUSED' : 'READY',
  by: i === 0 ? null : { id: pick(creators, 0), type: 'DEPLOYMENT' },
  lastBy: i === 0 ? { id: pick(creators, 1), type: 'SCHEDULE' } : null,
}))
const limits = [1, 5].map((slots) => ({ id: uuidv7(), slots }))
const infos = ['1', '2'].map((version) => ({ type: 'git', version }))
const origins = [uuidv7(), uuidv7()]
const queues: Queue[] = [0, 0, 1].map((pool, i) => ({
  id: uuidv7(),
  name: `q${i % 2}`,
  pool: pick(pools, pool),
  by: by(),
  lastBy: by(),
}))
const deployments: Deployment[] = Array.from({ length: 8 }, (_, i) => ({
  id: uuidv7(),
  flow: pick(flows, dice(3)),
  name: `${pick(names, i)}-${i}`,
  tags: pick(tagSets, dice(4)),
  paused: dice(2) === 0,
  status: pick(['READY', 'NOT_READY'], dice(2)),
  queue: maybe(() => pick(queues, dice(3))),
  branch: maybe(() => pick(['main', 'next'], dice(2))),
  base: maybe(() => pick(origins, dice(2))),
  root: maybe(() => pick(origins, dice(2))),
  by: by(),
  lastBy: by(),
  limit: maybe(() => pick(limits, dice(2))),
  versions: infos.map((info) => ({ id: uuidv7(), info })),
}))
const tasks: Task[] = []
const runs: Run[] = []
for (let i = 0; i < 60; i++) {
  const deployment = maybe(() => pick(deployments, dice(8)))
  runs.push({
    id: uuidv7(),
    flow: pick(flows.slice(0, 3), dice(3)),
    name: pick(names, dice(5)),
    tags: pick(tagSets, dice(4)),
    deployment,
    versionOfDeployment: deployment && maybe(() => pick(deployment.versions, dice(2))),
    seconds: dice(4),
    queue: maybe(() => pick(queues, dice(3))),
    state: maybe(() => [pick(stateTypes, dice(9)), pick(stateNames, dice(3))]),
    version: maybe(() => pick(['1', '2'], dice(2))),
    start: maybe(instant),
    end: maybe(instant),
    expected: instant(),
    due: maybe(instant),
    parentTask: i > 10 ? maybe(() => pick(tasks, dice(tasks.length)).id) : null,
    key: maybe(() => `key-${i}`),
    by: by(),
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
    seconds: (i % 5) / 4,
    since: T0 + (i % 7) * 300_000,
  })
}

const at = (micros: number | null): string | null => (micros === null ? null : formatInstant(micros))

beforeAll(async () => {
  const sql = db.engine
  const json = (value: object | null) => value && JSON.stringify(value)
  for (const id of [workspaceId, strangerId]) {
    // The stranger has the same rows: none of them may ever show up.
    for (const flow of flows)
      await sql`
        insert into flows (workspace_id, id, name, tags, created_by, updated_by)
        values (${id}, ${flow.id}, ${flow.name}, ${flow.tags}::text[], ${json(flow.by)}::text::jsonb, ${json(flow.lastBy)}::text::jsonb)`
    for (const pool of pools)
      await sql`
        insert into work_pools (workspace_id, id, name, type, is_paused, status, created_by, updated_by, default_queue_id)
        values (${id}, ${pool.id}, ${pool.name}, ${pool.type}, ${pool.paused}, ${pool.status}, ${json(pool.by)}::text::jsonb,
          ${json(pool.lastBy)}::text::jsonb, ${pool.id})`
    for (const [i, queue] of queues.entries())
      await sql`
        insert into work_queues (workspace_id, id, work_pool_id, name, priority, created_by, updated_by)
        values (${id}, ${queue.id}, ${queue.pool.id}, ${queue.name}, ${i + 1},
          ${json(queue.by)}::text::jsonb, ${json(queue.lastBy)}::text::jsonb)`
    for (const limit of limits)
      await sql`
        insert into concurrency_limits (workspace_id, id, name, slot_limit) values (${id}, ${limit.id}, ${limit.id}, ${limit.slots})`
    for (const deployment of deployments) {
      await sql`
        insert into deployments (workspace_id, id, flow_id, name, tags, paused, status, work_queue_id, branch, base, root, created_by, updated_by,
          concurrency_limit_id)
        values (${id}, ${deployment.id}, ${deployment.flow.id}, ${deployment.name}, ${deployment.tags}::text[], ${deployment.paused},
          ${deployment.status}, ${deployment.queue?.id ?? null}, ${deployment.branch}, ${deployment.base}, ${deployment.root},
          ${json(deployment.by)}::text::jsonb, ${json(deployment.lastBy)}::text::jsonb, ${deployment.limit?.id ?? null})`
      for (const [i, version] of deployment.versions.entries())
        await sql`
          insert into deployment_versions (workspace_id, deployment_id, id, number, version_info, snapshot)
          values (${id}, ${deployment.id}, ${version.id}, ${i + 1}, ${json(version.info)}::text::jsonb, '{}')`
    }
    for (const run of runs) {
      await sql`
        insert into flow_runs (workspace_id, id, flow_id, name, tags, deployment_id, work_queue_id, work_queue_name, state_type, state_name, flow_version,
          start_at, end_at, expected_start_at, next_scheduled_start_at, parent_task_run_id, idempotency_key, created_by,
          deployment_version_id, total_run_time_seconds)
        values (${id}, ${run.id}, ${run.flow.id}, ${run.name}, ${run.tags}::text[], ${run.deployment?.id ?? null},
          ${run.queue?.id ?? null}, ${run.queue?.name ?? null},
          ${run.state?.[0] ?? null}::text::state_type, ${run.state?.[1] ?? null}, ${run.version}, ${at(run.start)}, ${at(run.end)},
          ${at(run.expected)}, ${at(run.due)}, ${run.parentTask}, ${run.key}, ${json(run.by)}::text::jsonb,
          ${run.versionOfDeployment?.id ?? null}, ${run.seconds})`
      if (run.state)
        await sql`
          insert into run_count_deltas (workspace_id, kind, bucket_at, flow_id, deployment_id, state_type, state_name, runs, run_seconds, late_seconds)
          values (${id}, 'flow-run', date_trunc('minute', ${at(run.expected)}::text::timestamptz), ${run.flow.id},
            ${run.deployment?.id ?? '00000000-0000-0000-0000-000000000000'}, ${run.state[0]}::text::state_type, ${run.state[1]}, 1, 0, 0)`
      if (run.start !== null && (run.start < run.expected || run.start - run.expected > 1_000_000)) {
        await sql`
          insert into flow_run_late_starts (workspace_id, flow_id, start_at, run_id)
          values (${id}, ${run.flow.id}, ${at(run.start)}, ${run.id})`
      }
    }
    for (const task of tasks) {
      await sql`
        insert into task_runs (workspace_id, id, flow_run_id, task_key, dynamic_key, name, tags, state_type, state_name, start_at, end_at, expected_start_at,
          total_run_time_seconds, state_at)
        values (${id}, ${task.id}, ${task.run?.id ?? null}, 'k', ${task.id}, ${task.name}, ${task.tags}::text[],
          ${task.state[0]}::text::state_type, ${task.state[1]}, ${at(task.start)}, ${at(task.end)}, ${at(task.expected)},
          ${task.seconds}, ${at(task.since)})`
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
    given(filter.created_by, (f) => madeBy(flow.by, f)),
    given(filter.updated_by, (f) => madeBy(flow.lastBy, f)),
  ])

const isRun = (run: Run, filter: FlowRunFilter): Verdict =>
  join(filter.operator, [
    given(filter.id, (f) => any(run.id, f)),
    given(filter.name, (f) => named(run.name, f)),
    given(filter.tags, (f) => tagged(run.tags, f)),
    given(filter.flow_id, (f) => any(run.flow.id, f)),
    given(filter.deployment_id, (f) => present(run.deployment?.id ?? null, f)),
    given(filter.deployment_version_id, (f) =>
      isVersion(run, f, (version, ids) => any(version?.id ?? null, { any_: ids })),
    ),
    given(filter.deployment_version_info, (f) =>
      // A run without a version has no information to compare.
      isVersion(run, f, (version, wanted) =>
        wanted.some((info) => JSON.stringify(info) === JSON.stringify(version?.info)),
      ),
    ),
    given(filter.work_queue_id, (f) => present(run.queue?.id ?? null, f)),
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
    given(filter.created_by, (f) => madeBy(run.by, f)),
  ])

const isVersion = <Value>(
  run: Run,
  filter: { operator?: Operator; deployment_id?: string | null; any_?: readonly Value[] | null },
  among: (version: Run['versionOfDeployment'], values: readonly Value[]) => Verdict,
): Verdict =>
  join(filter.operator, [
    given(filter.deployment_id, (id) => known(run.deployment, (deployment) => deployment.id === id)),
    given(filter.any_, (values) => among(run.versionOfDeployment, values)),
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
    given(filter.work_queue_id, (f) => any(deployment.queue?.id ?? null, f)),
    given(filter.branch, (f) => present(deployment.branch, f)),
    given(filter.base, (f) => any(deployment.base, f)),
    given(filter.root, (f) => any(deployment.root, f)),
    given(filter.created_by, (f) => madeBy(deployment.by, f)),
    given(filter.updated_by, (f) => madeBy(deployment.lastBy, f)),
    // What a deployment without a queue is asked about its queue, it is not.
    given(filter.work_queue_name, (f) =>
      f.any_ || f.not_any_ ? any(deployment.queue?.name ?? null, f) === true : true,
    ),
    given(filter.status, (f) => any(deployment.status, f)),
    given(filter.concurrency_limit, (f) => {
      const slots = deployment.limit?.slots ?? null
      return join('and_', [
        given(f.ge_, (least) => known(slots, (n) => n >= least)),
        given(f.le_, (most) => known(slots, (n) => n <= most)),
        given(f.is_null_, (wanted) => (slots === null) === wanted),
      ])
    }),
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
    given(filter.created_by, (f) => madeBy(queue.by, f)),
    given(filter.updated_by, (f) => madeBy(queue.lastBy, f)),
  ])

const isPool = (pool: Pool, filter: WorkPoolFilter): Verdict =>
  join(filter.operator, [
    given(filter.id, (f) => any(pool.id, f)),
    given(filter.name, (f) => named(pool.name, f)),
    given(filter.type, (f) => any(pool.type, f)),
    given(filter.status, (f) => any(pool.status, f)),
    given(filter.paused, (f) => (typeof f.eq_ === 'boolean' ? pool.paused === f.eq_ : true)),
    given(filter.created_by, (f) => madeBy(pool.by, f)),
    given(filter.updated_by, (f) => madeBy(pool.lastBy, f)),
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

const matchesTask = (task: Task, { task_runs, ...others }: RunFilters): boolean =>
  (task_runs ? isTask(task, task_runs) === true : true) &&
  (!Object.values(others).some((part) => part && says(part)) ||
    (task.run !== null && matchesRun(task.run, others)))

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
  deployment: sub({ operator, is_null_: nullish(fc.boolean()) }),
  created_by: creator(creators, creatorTypes),
  updated_by: creator(creators, creatorTypes),
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
const ofVersion = <Value>(values: readonly Value[]) =>
  sub({
    operator,
    deployment_id: nullish(fc.constantFrom(...deployments.map((d) => d.id))),
    any_: nullish(some$(values)),
  })
const runFilter: fc.Arbitrary<FlowRunFilter> = few({
  id: anyOf(runs.map((r) => r.id)),
  name,
  tags,
  flow_id: sub({ operator, any_: nullish(some$(flows.map((f) => f.id))) }),
  deployment_id: presence(deployments.map((d) => d.id)),
  deployment_version_id: ofVersion(deployments.flatMap((d) => d.versions.map((version) => version.id))),
  deployment_version_info: ofVersion([...infos, { type: 'git', version: '3' }]),
  work_queue_id: presence(queues.map((q) => q.id)),
  work_queue_name: presence(['q0', 'q1']),
  state,
  flow_version: sub({ any_: nullish(some$(['1', '2'])) }),
  start_time: nullableSpan,
  end_time: nullableSpan,
  expected_start_time: span,
  next_scheduled_start_time: span,
  parent_flow_run_id: sub({ operator, any_: nullish(some$(runs.map((r) => r.id))) }),
  parent_task_run_id: presence(tasks.map((t) => t.id)),
  idempotency_key: anyOf(runs.map((r) => r.key ?? 'none')),
  created_by: creator(creators, creatorTypes),
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
  work_queue_id: sub({ any_: nullish(some$(queues.map((q) => q.id))) }),
  status: sub({ any_: nullish(some$(['READY', 'NOT_READY'])) }),
  branch: presence(['main', 'next']),
  base: sub({ operator, any_: nullish(some$(origins)) }),
  root: sub({ operator, any_: nullish(some$(origins)) }),
  created_by: creator(creators, creatorTypes),
  updated_by: creator(creators, creatorTypes),
  concurrency_limit: sub({
    ge_: nullish(fc.constantFrom(0, 2, 2_147_483_647)),
    le_: nullish(fc.constantFrom(-1, 2)),
    is_null_: nullish(fc.boolean()),
  }),
})
const queueFilter: fc.Arbitrary<WorkQueueFilter> = few({
  id: anyOf(queues.map((q) => q.id)),
  name: sub({ any_: nullish(some$(['q0', 'q1', 'other'])), startswith_: nullish(some$(['q', 'Q1', 'x'])) }),
  created_by: creator(creators, creatorTypes),
  updated_by: creator(creators, creatorTypes),
})
const poolFilter: fc.Arbitrary<WorkPoolFilter> = few({
  id: anyOf(pools.map((p) => p.id)),
  name: sub({ any_: nullish(some$(['p0', 'p1', 'other'])), like_: nullish(fc.constantFrom('P', '1', '_0')) }),
  type: sub({ any_: nullish(some$(['process', 'docker'])) }),
  status: sub({ any_: nullish(some$(['READY', 'PAUSED'])) }),
  paused: equal,
  created_by: creator(creators, creatorTypes),
  updated_by: creator(creators, creatorTypes),
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
const settings = { numRuns: 250 }

test('what the wire takes is asked here, and turns rows away', () => {
  expect({
    flows: untouched(wireFlow, flowFilter, flows, isFlow),
    flow_runs: untouched(wireRun, runFilter, runs, isRun),
    task_runs: untouched(wireTask, taskFilter, tasks, isTask),
    deployments: untouched(wireDeployment, deploymentFilter, deployments, isDeployment),
    work_pools: untouched(wirePool, poolFilter, pools, isPool),
    work_queues: untouched(wireQueue, queueFilter, queues, isQueue),
  }).toEqual({ flows: [], flow_runs: [], task_runs: [], deployments: [], work_pools: [], work_queues: [] })
})

test('flow runs', async () => {
  await fc.assert(
    fc.asyncProperty(filters, async (filter) => {
      const ids = await found(
        (is) =>
          is.sql`select r.id from flow_runs r where r.workspace_id = ${workspaceId} ${is.onFlowRuns(filter)}`,
      )
      const expected = runs.filter((run) => matchesRun(run, filter))
      expect(ids.sort()).toEqual(idsOf(expected))
      // What is counted as runs move counts those that have a state; only rows that are written here by hand have none.
      const counted = countedByState(filter) ? expected.filter((run) => run.state) : expected
      expect(await countFlowRuns(ctx, filter)).toBe(counted.length)
    }),
    settings,
  )
})

test('task runs', async () => {
  await fc.assert(
    fc.asyncProperty(filters, async (filter) => {
      const ids = await found(
        (is) =>
          is.sql`select t.id from task_runs t where t.workspace_id = ${workspaceId} ${is.onTaskRuns(filter)}`,
      )
      const expected = tasks.filter((task) => matchesTask(task, filter))
      expect(ids.sort()).toEqual(idsOf(expected))
      expect(await countTaskRuns(ctx, filter)).toBe(expected.length)
      const byState = new Map<string, number>()
      for (const { state } of expected) byState.set(state[0], (byState.get(state[0]) ?? 0) + 1)
      expect(await countTaskRunsByState(ctx, filter)).toEqual(byState)
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
      const expected = flows.filter(matches)
      expect(ids.sort()).toEqual(idsOf(expected))
      expect(await countFlows(ctx, filter)).toBe(expected.length)
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
      const expected = deployments.filter(matches)
      expect(ids.sort()).toEqual(idsOf(expected))
      expect(await countDeployments(ctx, filter)).toBe(expected.length)
    }),
    settings,
  )
})

test('lateness and history tell of the runs that match', async () => {
  const [startMicros, intervalSeconds] = [T0, 1]
  const now = T0 + 3_600_000_000
  const at = { ...ctx, nowMicros: () => now }
  const lateOf = (run: Run) => (run.start ?? (run.end === null ? now : run.expected)) - run.expected
  await fc.assert(
    fc.asyncProperty(filters, async (filter) => {
      const expected = runs.filter((run) => matchesRun(run, filter))
      const late = expected.reduce((sum, run) => sum + Math.max(0, lateOf(run)) / 1e6, 0)
      const mean = await flowRunLateness(at, filter)
      if (expected.length === 0) expect(mean).toBeNull()
      else expect(mean).toBeCloseTo(late / expected.length, 3)
      const history = { filters: filter, startMicros, endMicros: T0 + 4_000_000, intervalSeconds }
      for (const [i, interval] of (await runHistory(at, 'flow-run', history)).entries()) {
        const inside = expected.filter(
          (run) => run.state && Math.floor((run.expected - T0) / 1e6 / intervalSeconds) === i,
        )
        const found = Object.fromEntries(
          interval.states.map((state) => [`${state.stateType} ${state.stateName}`, state.runs]),
        )
        const tally: Record<string, number> = {}
        for (const { state } of inside)
          tally[state?.join(' ') ?? ''] = (tally[state?.join(' ') ?? ''] ?? 0) + 1
        expect(found).toEqual(tally)
      }
    }),
    { numRuns: 150 },
  )
})

test('the history of task runs tells of those that match where they belong, with the times that they have by now', async () => {
  const now = T0 + 3_600_000_000
  const runSeconds = ({ seconds, state, since }: Task) =>
    seconds + (state[0] === 'RUNNING' ? (now - since) / 1e6 : 0)
  const lateSeconds = ({ start, end, expected }: Task) =>
    Math.max(0, (start ?? (end === null ? now : (expected ?? 0))) - (expected ?? 0)) / 1e6
  await fc.assert(
    fc.asyncProperty(
      filters,
      instants,
      fc.constantFrom(1, 1.4, 2.5, 60),
      fc.integer({ min: 1, max: 9 }),
      async (filter, startMicros, intervalSeconds, intervals) => {
        const width = intervalSeconds * 1e6
        const endMicros = startMicros + intervals * width
        const told = await runHistory({ ...ctx, nowMicros: () => now }, 'task-run', {
          filters: filter,
          startMicros,
          endMicros,
          intervalSeconds,
        })
        expect(told.map((interval) => interval.startMicros)).toEqual(
          Array.from({ length: intervals }, (_, i) => startMicros + i * width),
        )
        const matching = tasks.filter((task) => matchesTask(task, filter))
        for (const { startMicros: from, endMicros: to, states } of told) {
          const inside = matching.filter(
            ({ expected }) => expected !== null && expected >= from && expected < to,
          )
          const kinds = new Set(inside.map((task) => task.state.join(' ')))
          const expected = [...kinds].map((kind) => {
            const its = inside.filter((task) => task.state.join(' ') === kind)
            const sum = (of: (task: Task) => number) => its.reduce((total, task) => total + of(task), 0)
            const [stateType, stateName] = its[0]?.state ?? []
            return {
              stateType,
              stateName,
              runs: its.length,
              runSeconds: expect.closeTo(sum(runSeconds), 3),
              lateSeconds: expect.closeTo(sum(lateSeconds), 3),
            }
          })
          expect(states).toHaveLength(expected.length)
          expect(states).toEqual(expect.arrayContaining(expected))
        }
      },
    ),
    settings,
  )
})

test('every order, page by page', async () => {
  // As the database has names in order: by its own collation.
  const inOrder = await db.engine<
    { name: string }[]
  >`select name from unnest(${names}::text[]) as name order by name`
  const rank = (run: Run) => inOrder.findIndex(({ name: other }) => other === run.name)
  const id = (run: Run) => run.id
  const start = (run: Run) => run.start ?? run.expected
  // Nobody starts what is here; who waits longest is the latest.
  const late = (run: Run) =>
    run.start === null ? (run.end === null ? 1e18 - run.expected : 0) : Math.max(0, run.start - run.expected)
  const orders = {
    ID_DESC: descending(id),
    START_TIME_ASC: inTurn(ascending(start), ascending(id)),
    START_TIME_DESC: inTurn(descending(start), descending(id)),
    EXPECTED_START_TIME_ASC: inTurn(
      ascending((run: Run) => run.expected),
      ascending(id),
    ),
    EXPECTED_START_TIME_DESC: inTurn(
      descending((run: Run) => run.expected),
      descending(id),
    ),
    NAME_ASC: inTurn(ascending(rank), ascending(id)),
    NAME_DESC: inTurn(descending(rank), descending(id)),
    NEXT_SCHEDULED_START_TIME_ASC: inTurn(
      ascending((run: Run) => run.due),
      ascending(id),
    ),
    END_TIME_DESC: inTurn(
      descending((run: Run) => run.end),
      descending(id),
    ),
    DURATION_DESC: inTurn(
      descending((run: Run) => run.seconds),
      descending(id),
    ),
    LATENESS_DESC: inTurn(descending(late), descending(id)),
  }
  await fc.assert(
    fc.asyncProperty(filters, page(flowRunSorts), async (filter, asked) => {
      const rows = await readWorkspace(db, workspaceId, (sql) =>
        selectFlowRuns(sql, workspaceId, { filters: filter, ...asked }),
      )
      const expected = runs.filter((run) => matchesRun(run, filter))
      expect(rows.map((row) => row.id)).toEqual(onPage(expected, orders, asked).map((run) => run.id))
    }),
    settings,
  )
})
