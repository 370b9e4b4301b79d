import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { eventFilterOf, eventFilter as wireEvent } from '../../api/filters/event-filter.ts'
import { type GivenFilter, matchesEvent, parseEvent } from '../../api/sockets/match-event.ts'
import { uuidv7 } from '../../db/uuid.ts'
import { formatInstant } from '../../domain/time.ts'
import { testDatabase } from '../../testing/database.ts'
import { ownWorkspace } from '../../testing/owner.ts'
import { ascending, descending, inTurn, nullish, some$, untouched } from '../../testing/plain-filters.ts'
import { countEventsBy, countEventsByTime } from '../events/count-events.ts'
import { listEvents } from '../events/list-events.ts'

// The database and the matcher of live subscriptions must both find what a plain reading finds: a subscriber is sent what a search
// would show.

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
const NOW = T0 + 60_000_000
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
// The plain reading -----------------------------------------------------

type Parsed = (typeof parsed)[number]
type Labels = Readonly<Record<string, string>>
type Texts = readonly string[] | null | undefined
const ID = 'prefect.resource.id'
const ROLE = 'prefect.resource.role'

/** The searches that are drawn below, read by hand: [alternatives, needed, refused]. */
const searches: Readonly<Record<string, readonly [string[], string[], string[]]>> = {
  disk: [['disk'], [], []],
  '+disk -flow': [[], ['disk'], ['flow']],
  '"all well"': [['all well'], [], []],
  '100%': [['100%'], [], []],
  'DARK nightly': [['dark', 'nightly'], [], []],
  '!prefect.flow-run': [[], [], ['prefect.flow-run']],
  '\\!x': [['!x'], [], []],
  d_e: [['d_e'], [], []],
  ' ': [[], [], []],
}
const isAmong = (value: string, list: Texts) => !list?.length || list.includes(value)
const begins = (value: string, list: Texts) => !list?.length || list.some((one) => value.startsWith(one))
const isLike = (value: string, pattern: string) =>
  new RegExp(
    `^${[...pattern].map((c) => (c === '*' ? '.*' : c === '?' ? '.' : c.replace(/[.+^${}()|[\]\\]/g, '\\$&'))).join('')}$`,
    'su',
  ).test(value)
const hasLabels = (its: Labels, wanted: NonNullable<GivenFilter['resource']>['labels']) =>
  Object.entries(wanted ?? {}).every(([key, patterns]) => {
    const value = its[key]
    return (
      value !== undefined &&
      [patterns]
        .flat()
        .some((one) => (one.startsWith('!') ? !isLike(value, one.slice(1)) : isLike(value, one)))
    )
  })
const oneOrMany = <Item>(value: Item | Item[] | null | undefined): Item[] =>
  value === null || value === undefined ? [] : ([value].flat() as Item[])

const isAsked = (filter: object): boolean =>
  Object.values(filter).some((value) => value && Object.keys(value).length > 0)

function matches({ row, resource, related: others }: Parsed, filter: GivenFilter): boolean {
  const at = events.find((event) => event.id === row.id)?.at ?? 0
  const isResource = (labels: Labels, wanted: NonNullable<GivenFilter['resource']>) =>
    isAmong(labels[ID] ?? '', wanted.id) &&
    begins(labels[ID] ?? '', wanted.id_prefix) &&
    hasLabels(labels, wanted.labels)
  const [alternatives, needed, refused] = searches[filter.text?.query ?? ' '] ?? [[], [], []]
  const text = `${row.event} ${row.body}`.toLowerCase()
  return (
    at >= (filter.occurred?.since ?? T0) &&
    at <= (filter.occurred?.until ?? NOW) &&
    isAmong(row.event, filter.event?.name) &&
    begins(row.event, filter.event?.prefix) &&
    !filter.event?.exclude_name?.includes(row.event) &&
    !filter.event?.exclude_prefix?.some((prefix) => row.event.startsWith(prefix)) &&
    isResource(resource, filter.resource ?? {}) &&
    oneOrMany(filter.any_resource).every((wanted) =>
      [resource, ...others].some((labels) => isResource(labels, wanted)),
    ) &&
    oneOrMany(filter.related).every(
      (wanted) =>
        !isAsked(wanted) ||
        others.some(
          (labels) =>
            isAmong(labels[ID] ?? '', wanted.id) &&
            isAmong(labels[ROLE] ?? '', wanted.role) &&
            (!wanted.resources_in_roles?.length ||
              wanted.resources_in_roles.some(([id, role]) => labels[ID] === id && labels[ROLE] === role)) &&
            hasLabels(labels, wanted.labels),
        ),
    ) &&
    isAmong(row.id, filter.id?.id) &&
    (alternatives.length === 0 || alternatives.some((word) => text.includes(word))) &&
    needed.every((word) => text.includes(word)) &&
    !refused.some((word) => text.includes(word))
  )
}

/** The events that a search finds. `distinct`: of each resource the newest of them. */
function matching(filter: GivenFilter) {
  const found = events.filter((_, i) => {
    const event = parsed[i]
    return event && matches(event, filter)
  })
  if (!filter.resource?.distinct) return found
  const newest = new Map(found.toSorted(orders.ASC).map((row) => [row.resource_id, row]))
  return [...newest.values()]
}

// Searches at random ----------------------------------------------------

const instants = fc.integer({ min: -1, max: 11 }).map((n) => T0 + n * 1_700_000)
const oneOrSome = <Item>(item: fc.Arbitrary<Item>) =>
  nullish(fc.oneof(item, fc.array(item, { maxLength: 2 })))
const parts = {
  occurred: record({ since: nullish(instants), until: nullish(instants) }),
  event: record({
    prefix: nullish(prefixes),
    exclude_prefix: nullish(prefixes),
    name: someOf(names),
    exclude_name: someOf(names),
  }),
  resource: record({
    id: someOf(resources),
    id_prefix: nullish(prefixes),
    labels,
    distinct: nullish(fc.boolean()),
  }),
  related: oneOrSome(related),
  any_resource: oneOrSome(anyResource),
  id: record({ id: nullish(some$(events.map((event) => event.id))) }),
  text: record({ query: nullish(fc.constantFrom(...Object.keys(searches))) }),
}
/** Two or three parts at a time: what asks for everything finds nothing. */
const filters = fc.subarray(Object.keys(parts) as (keyof typeof parts)[], { maxLength: 3 }).chain((keys) =>
  fc.record({
    order: fc.constantFrom('ASC', 'DESC', null, undefined),
    ...Object.fromEntries(keys.map((key) => [key, nullish(parts[key] as fc.Arbitrary<unknown>)])),
  }),
) as fc.Arbitrary<GivenFilter>

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

test('what the wire takes is asked here, and turns events away', () => {
  // The order turns none away; pages are held against it below.
  expect(
    untouched(wireEvent.omit({ order: true }), filters, events, (row, filter) =>
      matching(filter).includes(row),
    ),
  ).toEqual([])
})

test('a subscriber is sent what is read plainly', () => {
  fc.assert(
    fc.property(filters, (filter) => {
      // One event says nothing of others, so that there is no newest among those to come.
      const sent = parsed.filter((event) => matchesEvent(event, filter))
      const { resource, ...rest } = filter
      const plain = resource ? { ...rest, resource: { ...resource, distinct: null } } : rest
      expect(sent.map(({ row }) => row.id)).toEqual(matching(plain).map((row) => row.id))
    }),
    { numRuns: 2_000 },
  )
})

test('events: every page of a search, in its order, and how many there are', async () => {
  await fc.assert(
    fc.asyncProperty(filters, fc.integer({ min: 1, max: 30 }), async (given, limit) => {
      const filter = eventFilterOf(given, NOW)
      const expected = matching(given).toSorted(orders[given.order ?? 'DESC'])
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
    { numRuns: 300 },
  )
})

test('events counted by name, by resource and by time add up to what is found', async () => {
  const tally = (values: readonly string[]) =>
    Object.fromEntries(values.map((value) => [value, values.filter((other) => other === value).length]))
  await fc.assert(
    fc.asyncProperty(filters, instants, instants, async (drawn, since, until) => {
      // The newest of each resource are listed; counted are all.
      const resource = drawn.resource && { ...drawn.resource, distinct: null }
      const given = { ...drawn, resource, occurred: { since, until } }
      const filter = eventFilterOf(given, NOW)
      const expected = matching(given)
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
