import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import {
  workPoolListFilter as wirePool,
  workQueueListFilter as wireQueue,
  workerFilter as wireWorker,
} from '../../api/filters/work-filters.ts'
import { uuidv7 } from '../../db/uuid.ts'
import { formatInstant } from '../../domain/time.ts'
import { testDatabase } from '../../testing/database.ts'
import { ownWorkspace } from '../../testing/owner.ts'
import {
  any,
  anyOf,
  ascending,
  creator,
  descending,
  few,
  given,
  inTurn,
  join,
  like,
  madeBy,
  nullish,
  onPage,
  page,
  some$,
  sub,
  untouched,
  type Verdict,
  within,
} from '../../testing/plain-filters.ts'
import { countWorkPools, listWorkPools, workPoolSorts } from '../work-pools/list-work-pools.ts'
import { countWorkQueues, listWorkQueues } from '../work-queues/list-work-queues.ts'
import { countWorkers, listWorkers, workerSorts } from '../workers/list-workers.ts'
import type { Names } from './operators.ts'
import type { WorkerFilter, WorkPoolFilter, WorkQueueFilter } from './work-filters.ts'

// Hundreds of questions a test: a machine that does other things too needs its time.
vi.setConfig({ testTimeout: 180_000 })

const db = await testDatabase()
const ctx = await ownWorkspace(db)
const stranger = await ownWorkspace(db)

let seed = 31
const dice = (sides: number): number => {
  seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
  return Math.floor((seed / 2_147_483_648) * sides)
}
const pick = <Item>(items: readonly Item[]): Item => items[dice(items.length)] as Item
const maybe = <Value>(value: () => Value): Value | null => (dice(3) === 0 ? null : value())

const T0 = Date.UTC(2026, 0, 1) * 1000
const instant = () => T0 + dice(8) * 700_000
const at = (micros: number | null) => (micros === null ? null : formatInstant(micros))
// Small letters and digits: other characters every database sorts in its own way.
const nameOf = (i: number) => `${pick(['load', 'save', 'x'])}${String(i).padStart(2, '0')}`

const creators = [uuidv7(), uuidv7()]
const creatorTypes = ['USER', 'BOT']
const by = () => maybe(() => ({ id: pick(creators), type: pick(creatorTypes) }))
const pools = Array.from({ length: 20 }, (_, i) => ({
  id: uuidv7(),
  name: nameOf(i),
  type: pick(['process', 'docker', 'kubernetes']),
  status: pick(['READY', 'NOT_READY', 'PAUSED']),
  by: by(),
  lastBy: by(),
  isPaused: dice(2) === 0,
  created: instant(),
  updated: instant(),
}))
type Pool = (typeof pools)[number]
const queues = Array.from({ length: 40 }, (_, i) => ({
  id: uuidv7(),
  pool: pick(pools.slice(0, 3)),
  name: nameOf(i),
  priority: 1 + dice(4),
  by: by(),
  lastBy: by(),
}))
type Queue = (typeof queues)[number]
const workers = Array.from({ length: 40 }, (_, i) => ({
  id: uuidv7(),
  pool: pick(pools.slice(0, 2)),
  name: nameOf(i),
  status: pick(['ONLINE', 'OFFLINE']),
  beat: maybe(instant),
  version: maybe(() => pick(['200', '388'])),
}))
type Worker = (typeof workers)[number]

for (const { workspaceId } of [stranger, ctx]) {
  for (const pool of pools)
    await db.engine`
      insert into work_pools (workspace_id, id, name, type, status, is_paused, default_queue_id, created_by, updated_by, created_at, updated_at)
      values (${workspaceId}, ${pool.id}, ${pool.name}, ${pool.type}, ${pool.status}, ${pool.isPaused}, ${uuidv7()},
        ${pool.by && JSON.stringify(pool.by)}::text::jsonb, ${pool.lastBy && JSON.stringify(pool.lastBy)}::text::jsonb, ${at(pool.created)}, ${at(pool.updated)})`
  for (const queue of queues)
    await db.engine`
      insert into work_queues (workspace_id, id, work_pool_id, name, priority, created_by, updated_by)
      values (${workspaceId}, ${queue.id}, ${queue.pool.id}, ${queue.name}, ${queue.priority},
        ${queue.by && JSON.stringify(queue.by)}::text::jsonb, ${queue.lastBy && JSON.stringify(queue.lastBy)}::text::jsonb)`
  for (const worker of workers)
    await db.engine`
      insert into workers (workspace_id, id, work_pool_id, name, status, last_heartbeat_at, client_version)
      values (${workspaceId}, ${worker.id}, ${worker.pool.id}, ${worker.name}, ${worker.status}, ${at(worker.beat)}, ${worker.version})`
}

const named = (name: string, filter: Names): Verdict =>
  join('and_', [
    given(filter.any_, (list) => list.includes(name)),
    given(filter.not_any_, (list) => !list.includes(name)),
    given(filter.like_, (pattern) => like(name, pattern)),
    given(filter.startswith_, (starts) =>
      starts.some((start) => name.toLowerCase().startsWith(start.toLowerCase())),
    ),
  ])
const isPool = (pool: Pool, filter: WorkPoolFilter): Verdict =>
  join(filter.operator, [
    given(filter.id, (f) => any(pool.id, f)),
    given(filter.name, (f) => named(pool.name, f)),
    given(filter.type, (f) => any(pool.type, f)),
    given(filter.status, (f) => any(pool.status, f)),
    given(filter.paused, (f) => given(f.eq_, (wanted) => pool.isPaused === wanted) ?? true),
    given(filter.created_by, (f) => madeBy(pool.by, f)),
    given(filter.updated_by, (f) => madeBy(pool.lastBy, f)),
  ])
const isQueue = (queue: Queue, filter: WorkQueueFilter): Verdict =>
  join(filter.operator, [
    given(filter.id, (f) => any(queue.id, f)),
    given(filter.name, (f) => named(queue.name, f)),
    given(filter.created_by, (f) => madeBy(queue.by, f)),
    given(filter.updated_by, (f) => madeBy(queue.lastBy, f)),
  ])
const isWorker = (worker: Worker, filter: WorkerFilter): Verdict =>
  join(filter.operator, [
    given(filter.name, (f) => named(worker.name, f)),
    given(filter.status, (f) => any(worker.status, f)),
    given(filter.last_heartbeat_time, (f) => within(worker.beat, f)),
  ])

const names = (rows: readonly { readonly name: string }[]) =>
  sub({
    any_: nullish(some$([...rows.map((row) => row.name), 'other'])),
    not_any_: nullish(some$(rows.map((row) => row.name))),
    like_: nullish(fc.constantFrom('', 'LOAD', '_', '0%1', '1')),
    startswith_: nullish(some$(['load', 'SAVE', 'x0', 'z'])),
  })
const instants = fc.integer({ min: -1, max: 9 }).map((n) => T0 + n * 700_000)
const poolFilter: fc.Arbitrary<WorkPoolFilter> = few({
  id: anyOf(pools.map((pool) => pool.id)),
  name: names(pools),
  type: anyOf(['process', 'docker', 'other']),
  status: anyOf(['READY', 'NOT_READY', 'PAUSED']),
  paused: nullish(fc.record({ eq_: nullish(fc.boolean()) })),
  created_by: creator(creators, creatorTypes),
  updated_by: creator(creators, creatorTypes),
})
const queueFilter: fc.Arbitrary<WorkQueueFilter> = few({
  id: anyOf(queues.map((queue) => queue.id)),
  name: names(queues),
  created_by: creator(creators, creatorTypes),
  updated_by: creator(creators, creatorTypes),
})
const workerFilter: fc.Arbitrary<WorkerFilter> = few({
  name: names(workers),
  status: anyOf(['ONLINE', 'OFFLINE']),
  last_heartbeat_time: sub({ before_: nullish(instants), after_: nullish(instants) }),
})

const ids = (rows: readonly { readonly id: string }[]) => rows.map((row) => row.id)
const name = (row: { readonly name: string }) => row.name
const id = (row: { readonly id: string }) => row.id
test('what the wire takes is asked here, and turns rows away', () => {
  expect({
    pools: untouched(wirePool, poolFilter, pools, isPool),
    queues: untouched(wireQueue, queueFilter, queues, isQueue),
    workers: untouched(wireWorker, workerFilter, workers, isWorker),
  }).toEqual({ pools: [], queues: [], workers: [] })
})

const settings = { numRuns: 150 }

test('work pools, in every order, page by page, and how many', async () => {
  const orders = {
    NAME_ASC: ascending(name),
    NAME_DESC: descending(name),
    CREATED_DESC: inTurn(
      descending((pool: Pool) => pool.created),
      descending(id),
    ),
    UPDATED_DESC: inTurn(
      descending((pool: Pool) => pool.updated),
      descending(id),
    ),
  }
  await fc.assert(
    fc.asyncProperty(nullish(poolFilter), page(workPoolSorts), async (filter, asked) => {
      const expected = pools.filter((pool) => !filter || isPool(pool, filter) === true)
      expect(ids(await listWorkPools(ctx, { filter, ...asked }))).toEqual(
        ids(onPage(expected, orders, asked)),
      )
      expect(await countWorkPools(ctx, filter)).toBe(expected.length)
    }),
    settings,
  )
})

test('work queues of a pool as they are served, of all by name, page by page, and how many', async () => {
  const orders = {
    OF_A_POOL: inTurn(
      ascending((queue: Queue) => queue.priority),
      ascending(name),
    ),
    OF_ALL: inTurn<Queue>(ascending(name), ascending(id)),
  }
  await fc.assert(
    fc.asyncProperty(
      nullish(queueFilter),
      fc.constantFrom(null, ...pools.slice(0, 4)),
      fc.record({ limit: fc.integer({ min: 1, max: 9 }), offset: fc.nat(12) }),
      async (filter, pool, asked) => {
        const expected = queues.filter(
          (queue) => (!pool || queue.pool === pool) && (!filter || isQueue(queue, filter) === true),
        )
        const of = { poolName: pool?.name ?? null, filter }
        const sort = pool ? 'OF_A_POOL' : 'OF_ALL'
        expect(ids(await listWorkQueues(ctx, { ...of, ...asked }))).toEqual(
          ids(onPage(expected, orders, { sort, ...asked })),
        )
        expect(await countWorkQueues(ctx, of)).toBe(expected.length)
      },
    ),
    settings,
  )
})

test('workers of a pool, in every order, page by page, and how many', async () => {
  const beat = (worker: Worker) => worker.beat
  const version = (worker: Worker) => worker.version
  const byName = ascending(name)
  const orders = {
    LAST_HEARTBEAT_DESC: inTurn(descending(beat), byName),
    // Who was never heard of comes first.
    LAST_HEARTBEAT_ASC: inTurn(
      ascending((worker: Worker) => worker.beat ?? 0),
      byName,
    ),
    NAME_ASC: byName,
    NAME_DESC: descending(name),
    STATUS_ASC: inTurn(
      ascending((worker: Worker) => worker.status),
      byName,
    ),
    STATUS_DESC: inTurn(
      descending((worker: Worker) => worker.status),
      byName,
    ),
    CLIENT_VERSION_ASC: inTurn(ascending(version), byName),
    CLIENT_VERSION_DESC: inTurn(descending(version), byName),
  }
  await fc.assert(
    fc.asyncProperty(
      nullish(workerFilter),
      fc.constantFrom(...pools.slice(0, 3)),
      page(workerSorts),
      async (filter, pool, asked) => {
        const expected = workers.filter(
          (worker) => worker.pool === pool && (!filter || isWorker(worker, filter) === true),
        )
        const of = { poolName: pool.name, filter }
        expect(ids(await listWorkers(ctx, { ...of, ...asked }))).toEqual(ids(onPage(expected, orders, asked)))
        expect(await countWorkers(ctx, of)).toBe(expected.length)
      },
    ),
    settings,
  )
})
