import fc from 'fast-check'
import { z } from 'zod'
import type {
  AnyOf,
  Creator,
  Names,
  Operator,
  Presence,
  Span,
  StateFilter,
  Tags,
} from '../control/filters/operators.ts'

/**
 * A plain reading of the filter language, which the compiled SQL is held against, and filters drawn at random.
 * A verdict is true, false, or null where a value is missing, as in SQL.
 */
export type Verdict = boolean | null
export const all = (verdicts: Verdict[]): Verdict =>
  verdicts.includes(false) ? false : verdicts.includes(null) ? null : true
export const some = (verdicts: Verdict[]): Verdict =>
  verdicts.includes(true) ? true : verdicts.includes(null) ? null : false
export const join = (operator: Operator, parts: (Verdict | undefined)[]): Verdict => {
  const given = parts.filter((part) => part !== undefined)
  return given.length === 0 ? true : operator === 'or_' ? some(given) : all(given)
}
export const known = <Value>(value: Value | null, judge: (value: Value) => boolean): Verdict =>
  value === null ? null : judge(value)
export const given = <Filter>(
  filter: Filter | null | undefined,
  judge: (filter: Filter) => Verdict,
): Verdict | undefined => (filter === null || filter === undefined ? undefined : judge(filter))

export const any = (value: string | null, filter: AnyOf<string>): Verdict =>
  join('and_', [
    given(filter.any_, (list) => (list.length === 0 ? false : known(value, (v) => list.includes(v)))),
    given(filter.not_any_, (list) => (list.length === 0 ? true : known(value, (v) => !list.includes(v)))),
  ])
export const like = (text: string, pattern: string): boolean =>
  new RegExp(
    `^${[...`%${pattern}%`].map((c) => (c === '%' ? '.*' : c === '_' ? '.' : c.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))).join('')}$`,
    'isu',
  ).test(text)
export const named = (text: string, filter: Names): Verdict =>
  join('and_', [
    given(filter.any_, (list) => list.includes(text)),
    given(filter.not_any_, (list) => !list.includes(text)),
    given(filter.like_, (pattern) => like(text, pattern)),
  ])
export const present = (value: string | null, filter: Presence): Verdict =>
  join(filter.operator, [
    given(filter.any_, (list) => any(value, { any_: list })),
    given(filter.is_null_, (wanted) => (value === null) === wanted),
  ])
export const tagged = (tags: string[], filter: Tags): Verdict =>
  join(filter.operator, [
    given(filter.all_, (list) => list.every((tag) => tags.includes(tag))),
    given(filter.any_, (list) => list.some((tag) => tags.includes(tag))),
    given(filter.is_null_, (wanted) => (tags.length === 0) === wanted),
  ])
export const within = (value: number | null, filter: Span, nullable = value): Verdict =>
  join('and_', [
    given(filter.before_, (before) => known(value, (v) => v <= before)),
    given(filter.after_, (after) => known(value, (v) => v >= after)),
    given(filter.is_null_, (wanted) => (nullable === null) === wanted),
  ])
export interface By {
  readonly id: string
  readonly type: string
}
export const madeBy = (by: By | null, filter: Creator): Verdict =>
  join(filter.operator, [
    given(filter.id_, (ids) => any(by?.id ?? null, { any_: ids })),
    given(filter.type_, (types) => any(by?.type ?? null, { any_: types })),
    given(filter.is_null_, (wanted) => (by === null) === wanted),
  ])
export const inState = (state: readonly [string, string] | null, filter: StateFilter): Verdict => {
  const part = (value: string | null, sub: AnyOf<string> | null | undefined) =>
    given(sub, (s) => (s.any_ && s.not_any_ ? true : any(value, s)))
  return join(filter.operator, [
    filter.type?.any_ && filter.type.not_any_ ? undefined : part(state?.[0] ?? null, filter.type),
    filter.name?.any_ && filter.name.not_any_ ? undefined : part(state?.[1] ?? null, filter.name),
  ])
}

// Filters of every kind -------------------------------------------------

export const nullish = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: null, freq: 6 })
export const some$ = <Value>(values: readonly Value[]) =>
  fc.array(fc.constantFrom(...values), { maxLength: 4 })
export const sub = <Shape extends Record<string, fc.Arbitrary<unknown>>>(shape: Shape) =>
  nullish(fc.record(shape, { requiredKeys: [] })) as fc.Arbitrary<never>
export const operator = fc.constantFrom('and_', 'or_', null, undefined)
export const patterns = fc.constantFrom('', 'l', 'LOAD', '_', '%', 'lo%d', '\\', 'ü', 'a_2', '2%1')
export const presence = (values: readonly string[]) =>
  sub({ operator, any_: nullish(some$(values)), is_null_: nullish(fc.boolean()) })
export const anyOf = (values: readonly string[]) =>
  sub({ any_: nullish(some$(values)), not_any_: nullish(some$(values)) })
export const tags = sub({
  operator,
  all_: nullish(some$(['a', 'b'])),
  any_: nullish(some$(['a', 'b'])),
  is_null_: nullish(fc.boolean()),
})
export const creator = (ids: readonly string[], types: readonly string[]) =>
  sub({ operator, id_: nullish(some$(ids)), type_: nullish(some$(types)), is_null_: nullish(fc.boolean()) })
/** Few keys at a time: filters that ask for everything find nothing, whatever they do. */
export const few = <Shape extends Record<string, fc.Arbitrary<unknown>>>(shape: Shape) =>
  fc
    .subarray(Object.keys(shape), { maxLength: Math.min(3, Object.keys(shape).length) })
    .chain((keys) =>
      fc.record({ operator, ...Object.fromEntries(keys.map((key) => [key, shape[key]])) }),
    ) as fc.Arbitrary<never>

// That nothing is left out ----------------------------------------------

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly anyOf?: readonly JsonSchema[]
  readonly $ref?: string
  readonly $defs?: Readonly<Record<string, JsonSchema>>
}

const leavesOf = (schema: JsonSchema, named = schema.$defs ?? {}, path = ''): string[] => {
  const ways = (one: JsonSchema): JsonSchema[] => {
    const at = named[one.$ref?.replace('#/$defs/', '') ?? ''] ?? one
    return [at, ...(at.anyOf ?? []).flatMap(ways)]
  }
  const within = ways(schema).flatMap((one) => Object.entries(one.properties ?? {}))
  return within.length === 0
    ? [path]
    : within.flatMap(([key, one]) => leavesOf(one, named, path ? `${path}.${key}` : key))
}

/** A leaf may be an object: the keys of a dictionary are no properties. */
const leavesIn = (
  filter: object,
  leaves: ReadonlySet<string>,
  path = '',
): (readonly [path: string, value: unknown])[] =>
  Object.entries(filter).flatMap(([key, value]) => {
    const at = path ? `${path}.${key}` : key
    if (value === null || value === undefined) return []
    return typeof value === 'object' && !Array.isArray(value) && !leaves.has(at)
      ? leavesIn(value, leaves, at)
      : [[at, value] as const]
  })

const nothingBut = (path: string, value: unknown): object =>
  path.split('.').reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as object

/**
 * What a filter of the wire takes, as `state.type.any_`, and the filters that are drawn here never ask, or ask in vain: no row
 * is ever turned away by it. Held against the empty list, a test of random filters cannot miss a property that is added later.
 */
export function untouched<Row, Filter extends object>(
  wire: z.ZodType,
  drawn: fc.Arbitrary<Filter | null | undefined>,
  rows: readonly Row[],
  judge: (row: Row, filter: Filter) => Verdict,
): string[] {
  const taken = new Set(leavesOf(z.toJSONSchema(wire, { io: 'input', unrepresentable: 'any' }) as JsonSchema))
  const missing = new Set(taken)
  for (const filter of fc.sample(drawn, 4_000)) {
    for (const [path, value] of leavesIn(filter ?? {}, taken)) {
      if (!missing.has(path)) continue
      // An operator joins; alone it turns nobody away.
      const alone = nothingBut(path, value) as Filter
      if (path.endsWith('operator') || rows.some((row) => judge(row, alone) !== true)) missing.delete(path)
    }
  }
  return [...missing]
}

// Orders and pages ------------------------------------------------------

type Compare<Row> = (a: Row, b: Row) => number

/** Texts by code point, numbers by size; missing values last, whichever way the order runs. */
export const ascending =
  <Row>(key: (row: Row) => string | number | null): Compare<Row> =>
  (a, b) => {
    const [x, y] = [key(a), key(b)]
    if (x === null || y === null) return x === y ? 0 : x === null ? 1 : -1
    return x < y ? -1 : x > y ? 1 : 0
  }
export const descending =
  <Row>(key: (row: Row) => string | number | null): Compare<Row> =>
  (a, b) =>
    key(a) === null || key(b) === null ? ascending(key)(a, b) : ascending(key)(b, a)
export const inTurn =
  <Row>(...compare: readonly Compare<Row>[]): Compare<Row> =>
  (a, b) => {
    for (const each of compare) {
      const order = each(a, b)
      if (order !== 0) return order
    }
    return 0
  }

/** A page to ask for, and what it must then hold. */
export const page = <Sort extends string>(sorts: readonly Sort[]) =>
  fc.record({
    sort: fc.constantFrom(...sorts),
    limit: fc.integer({ min: 1, max: 9 }),
    offset: fc.nat(12),
  })
export const onPage = <Row, Sort extends string>(
  rows: readonly Row[],
  orders: Readonly<Record<Sort, Compare<Row>>>,
  { sort, limit, offset }: { readonly sort: Sort; readonly limit: number; readonly offset: number },
): Row[] => rows.toSorted(orders[sort]).slice(offset, offset + limit)
