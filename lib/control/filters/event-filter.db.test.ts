import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { matchesEvent, parseEvent } from '../../api/sockets/match-event.ts'
import { uuidv7 } from '../../db/uuid.ts'
import { formatInstant } from '../../domain/time.ts'
import { testDatabase } from '../../testing/database.ts'
import { ownWorkspace } from '../../testing/owner.ts'
import { ascending, descending, inTurn, nullish, some$ } from '../../testing/plain-filters.ts'
import { countEventsBy, countEventsByTime } from '../events/count-events.ts'
import { listEvents } from '../events/list-events.ts'
import type { EventFilter } from './event-filter.ts'

// The database must find what the matcher of live subscriptions finds: a subscriber is sent what a search would show.

// Hundreds of questions a test: a machine that does other things too needs its time.
vi.setConfig({ testTimeout: 180_000 })

const db = await testDatabase()
const ctx = await ownWorkspace(db)
const stranger = await ownWorkspace(db)

let seed = 17
const dice = (sides: number): number => {
  seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
  return Math.floor((seed / 2_147_483_648) * sides)
}
const pick = <Item>(items: readonly Item[]): Item => items[dice(items.length)] as Item

const T0 = Date.UTC(2026, 0, 5) * 1000
const names = ['prefect.flow-run.Completed', 'prefect.flow-run.Failed', 'prefect.variable.created', 'mine']
const resources = ['prefect.flow-run.a', 'prefect.flow-run.b', 'prefect.variable.c', 's3://d_e%f']
const relatedIds = ['prefect.flow.x', 'prefect.tag.nightly', 'prefect.flow-run.a']
const roles = ['flow', 'tag', 'creator']
const shades = ['dark', 'light', 'dark grey', 'a%b', 'a_b']

const events = Array.from({ length: 80 }, () => {
  const resource = {
    'prefect.resource.id': pick(resources),
    ...(dice(3) === 0 ? {} : { shade: pick(shades) }),
  }
  const related = Array.from({ length: dice(3) }, () => ({
    'prefect.resource.id': pick(relatedIds),
    'prefect.resource.role': pick(roles),
    ...(dice(2) === 0 ? {} : { shade: pick(shades) }),
  }))
  const payload = { said: pick(['Disk full', 'all well', '100%']) }
  const at = T0 + dice(10) * 1_700_000
  return {
    workspace_id: ctx.workspaceId,
    occurred_at: formatInstant(at),
    id: uuidv7(),
    event: pick(names),
    resource_id: resource['prefect.resource.id'],
    related_ids: related.map((item) => item['prefect.resource.id']),
    follows: null,
    received_at: formatInstant(at),
    body: JSON.stringify({ resource, related, payload }),
    at,
  }
})
const parsed = events.map(parseEvent)

for (const { workspaceId } of [stranger, ctx])
  for (const row of events)
    await db.engine`
      insert into events (workspace_id, occurred_at, id, event, resource_id, related_ids, received_at, body)
      values (${workspaceId}, ${row.occurred_at}, ${row.id}, ${row.event}, ${row.resource_id}, ${row.related_ids}::text[],
        ${row.received_at}, ${row.body}::text::json)`

const prefixes = some$(['prefect.', 'prefect.flow-run.', 'm', 's3://d_', 'x'])
const someOf = (values: readonly string[]) => nullish(some$([...values, 'other']))
const patterns = ['dark', 'd*', '*k*', 'a?b', '!dark', '!d*', '*', 'a%b']
const labels = nullish(
  fc.dictionary(
    fc.constantFrom('shade', 'prefect.resource.role', 'absent'),
    fc.oneof(fc.constantFrom(...patterns), some$(patterns)),
    { maxKeys: 2 },
  ),
)
const record = <Shape extends Record<string, fc.Arbitrary<unknown>>>(shape: Shape) =>
  fc.record(shape, { requiredKeys: [] })
const anyResource = record({
  id: someOf([...resources, ...relatedIds]),
  id_prefix: nullish(prefixes),
  labels,
})
const related = record({
  id: someOf(relatedIds),
  role: someOf(roles),
  resources_in_roles: nullish(
    fc.array(fc.tuple(fc.constantFrom(...relatedIds), fc.constantFrom(...roles)), { maxLength: 2 }),
  ),
  labels,
})
const instants = fc.integer({ min: -1, max: 11 }).map((n) => T0 + n * 1_700_000)
const parts = {
  event: record({
    prefix: nullish(prefixes),
    exclude_prefix: nullish(prefixes),
    name: someOf(names),
    exclude_name: someOf(names),
  }),
  resource: record({ id: someOf(resources), id_prefix: nullish(prefixes), labels }),
  related: fc.array(related, { maxLength: 2 }),
  any_resource: fc.array(anyResource, { maxLength: 2 }),
  id: record({ id: nullish(some$(events.map((event) => event.id))) }),
  text: record({
    query: nullish(
      fc.constantFrom('disk', '+disk -flow', '"all well"', '100%', 'DARK nightly', '!prefect', '\\!x', ' '),
    ),
  }),
}
/** Two or three parts at a time: what asks for everything finds nothing. */
const filters = fc.subarray(Object.keys(parts) as (keyof typeof parts)[], { maxLength: 3 }).chain((keys) =>
  fc.record({
    occurred: fc.record({ since: instants, until: instants }),
    order: fc.constantFrom('ASC', 'DESC'),
    ...Object.fromEntries(keys.map((key) => [key, parts[key]])),
  }),
) as fc.Arbitrary<EventFilter>

const matching = (filter: EventFilter) =>
  parsed.flatMap((event, i) => {
    const row = events[i]
    // The socket's filter is the wire's, of which this one is made; its lists are mutable.
    const wire = structuredClone(filter) as Parameters<typeof matchesEvent>[1]
    return row && matchesEvent(event, wire) ? [row] : []
  })
type Row = (typeof events)[number]
const orders = {
  ASC: inTurn(
    ascending((row: Row) => row.at),
    ascending((row: Row) => row.id),
  ),
  DESC: inTurn(
    descending((row: Row) => row.at),
    descending((row: Row) => row.id),
  ),
}

test('events: every page of a search, in its order, and how many there are', async () => {
  await fc.assert(
    fc.asyncProperty(filters, fc.integer({ min: 1, max: 30 }), async (filter, limit) => {
      const expected = matching(filter).toSorted(orders[filter.order])
      const found: string[] = []
      let page = await listEvents(ctx, { filter, limit })
      expect(page.total).toBe(expected.length)
      for (;;) {
        found.push(...page.rows.map((row) => row.id))
        if (!page.next) break
        page = await listEvents(ctx, { filter, limit, after: page.next, total: page.total })
      }
      expect(found).toEqual(expected.map((row) => row.id))
    }),
    { numRuns: 200 },
  )
})

test('events counted by name, by resource and by time add up to what is found', async () => {
  const tally = (values: readonly string[]) =>
    Object.fromEntries(values.map((value) => [value, values.filter((other) => other === value).length]))
  await fc.assert(
    fc.asyncProperty(filters, async (filter) => {
      const expected = matching(filter)
      const counted = async (by: 'event' | 'resource') =>
        Object.fromEntries((await countEventsBy(ctx, filter, by)).map(({ value, count }) => [value, count]))
      expect(await counted('event')).toEqual(tally(expected.map((row) => row.event)))
      expect(await counted('resource')).toEqual(tally(expected.map((row) => row.resource_id)))
      const buckets = await countEventsByTime(ctx, filter, 'second', 2)
      for (const { startAt, endAt, count } of buckets) {
        const inside = expected.filter((row) => row.occurred_at >= startAt && row.occurred_at <= endAt)
        expect(count).toBe(inside.length)
      }
    }),
    { numRuns: 100 },
  )
})

test('one event of each resource, the newest', async () => {
  const filter: EventFilter = {
    occurred: { since: T0, until: T0 + 60_000_000 },
    resource: { distinct: true },
    order: 'DESC',
  }
  const { rows } = await listEvents(ctx, { filter, limit: 50 })
  const newest = resources.flatMap(
    (id) => events.filter((row) => row.resource_id === id).toSorted(orders.DESC)[0] ?? [],
  )
  expect(rows.map((row) => row.id)).toEqual(newest.toSorted(orders.DESC).map((row) => row.id))
})
