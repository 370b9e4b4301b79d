import type postgres from 'postgres'
import type { Transaction } from '../../db/clients.ts'
import type { StateType } from '../../domain/state.ts'
import { formatInstant } from '../../domain/time.ts'

/**
 * The filter language of the wire, kept in its own words: clients, saved views and automations store filters as they are.
 * null and absent mean "no constraint"; an empty `any_` matches nothing. Instants are microseconds since 1970.
 */
type Maybe<Value> = Value | null | undefined
export type Operator = Maybe<'and_' | 'or_'>

export interface AnyOf<Value> {
  readonly any_?: Maybe<readonly Value[]>
  readonly not_any_?: Maybe<readonly Value[]>
}
export interface Names {
  readonly any_?: Maybe<readonly string[]>
  readonly like_?: Maybe<string>
  readonly not_any_?: Maybe<readonly string[]>
  readonly startswith_?: Maybe<readonly string[]>
}
export interface Creator {
  readonly operator?: Operator
  readonly id_?: Maybe<readonly string[]>
  readonly type_?: Maybe<readonly string[]>
  readonly is_null_?: Maybe<boolean>
}
export interface Presence {
  readonly operator?: Operator
  readonly any_?: Maybe<readonly string[]>
  readonly is_null_?: Maybe<boolean>
}
export interface Tags {
  readonly operator?: Operator
  readonly all_?: Maybe<readonly string[]>
  readonly any_?: Maybe<readonly string[]>
  readonly is_null_?: Maybe<boolean>
}
export interface Span {
  readonly before_?: Maybe<number>
  readonly after_?: Maybe<number>
  readonly is_null_?: Maybe<boolean>
}
export interface StateFilter {
  readonly operator?: Operator
  readonly type?: Maybe<AnyOf<StateType>>
  readonly name?: Maybe<AnyOf<string>>
}

/** A piece of SQL. */
export type Fragment = postgres.PendingQuery<postgres.Row[]>
/** What a filter says that is there but asks for nothing: it matches everything, and so does every alternative to it. */
export const EVERYTHING = Symbol('everything')
/** null: nothing was asked. */
export type Condition = Fragment | typeof EVERYTHING | null

/** What each operator is in SQL. Every function answers null when it constrains nothing. */
export class Operators {
  constructor(readonly sql: Transaction) {}

  join(parts: readonly Condition[], operator: Operator = 'and_'): Condition {
    const { sql } = this
    const given = parts.filter((part) => part !== null)
    if (given.length === 0) return null
    const asking = given.filter((part) => part !== EVERYTHING)
    const [first, ...rest] = asking
    if (!first || (operator === 'or_' && asking.length < given.length)) return EVERYTHING
    if (rest.length === 0) return first
    const glue = operator === 'or_' ? sql` or ` : sql` and `
    return sql`(${rest.reduce<Fragment>((all, part) => sql`${all}${glue}${part}`, first)})`
  }

  /** `and …` after the workspace's own condition, which always comes first. */
  and(condition: Condition): Fragment {
    return condition === null || condition === EVERYTHING ? this.sql`` : this.sql`and ${condition}`
  }

  /** A condition on related rows becomes one on this row; where none is asked for, none need exist. */
  related(condition: Condition, exists: (condition: Fragment) => Fragment): Condition {
    return condition === null || condition === EVERYTHING ? condition : exists(condition)
  }

  not(condition: Condition): Condition {
    return this.related(condition, (fragment) => this.sql`not ${fragment}`)
  }

  /** What a sub-filter that is there asks for. */
  #given(parts: readonly Condition[], operator?: Operator): Condition {
    return this.join(parts, operator) ?? EVERYTHING
  }

  ids(column: Fragment, filter: Maybe<AnyOf<string>>): Condition {
    const { sql } = this
    if (!filter) return null
    return this.#given([
      this.#amongIds(column, filter.any_),
      filter.not_any_ ? sql`${column} <> all(${[...filter.not_any_]}::uuid[])` : null,
    ])
  }

  /** One id is compared with `=`: an index then still gives its rows in order, which `any(array)` loses. */
  #amongIds(column: Fragment, ids: Maybe<readonly string[]>): Condition {
    if (!ids) return null
    const [only, ...more] = ids
    return only !== undefined && more.length === 0
      ? this.sql`${column} = ${only}::uuid`
      : this.sql`${column} = any(${[...ids]}::uuid[])`
  }

  texts(column: Fragment, filter: Maybe<AnyOf<string>>): Condition {
    const { sql } = this
    if (!filter) return null
    return this.#given([
      filter.any_ ? sql`${column} = any(${[...filter.any_]}::text[])` : null,
      filter.not_any_ ? sql`${column} <> all(${[...filter.not_any_]}::text[])` : null,
    ])
  }

  /** `like_` matches anywhere, in any case; % and _ in it are wildcards and nothing escapes them. */
  names(column: Fragment, filter: Maybe<Names>): Condition {
    const { sql } = this
    if (!filter) return null
    return this.#given([
      filter.any_ ? sql`${column} = any(${[...filter.any_]}::text[])` : null,
      filter.not_any_ ? sql`${column} <> all(${[...filter.not_any_]}::text[])` : null,
      typeof filter.like_ === 'string' ? sql`${column} ilike ${`%${filter.like_}%`} escape ''` : null,
      filter.startswith_
        ? (this.join(
            filter.startswith_.map((start) => sql`${column} ilike ${`${start}%`} escape ''`),
            'or_',
          ) ?? sql`false`)
        : null,
    ])
  }

  presence(column: Fragment, filter: Maybe<Presence>, type: 'uuid' | 'text'): Condition {
    if (!filter) return null
    return this.#given(
      [
        type === 'uuid'
          ? this.#amongIds(column, filter.any_)
          : filter.any_
            ? this.texts(column, { any_: filter.any_ })
            : null,
        this.isNull(column, filter.is_null_),
      ],
      filter.operator,
    )
  }

  /** Who made or changed it, `{id, type, …}`. */
  creator(column: Fragment, filter: Maybe<Creator>): Condition {
    const { sql } = this
    if (!filter) return null
    return this.#given(
      [
        filter.id_ ? sql`${column} ->> 'id' = any(${[...filter.id_]}::text[])` : null,
        filter.type_ ? sql`${column} ->> 'type' = any(${[...filter.type_]}::text[])` : null,
        this.isNull(column, filter.is_null_),
      ],
      filter.operator,
    )
  }

  equals(column: Fragment, filter: Maybe<{ readonly eq_?: Maybe<boolean> }>): Condition {
    if (!filter) return null
    return typeof filter.eq_ === 'boolean' ? this.sql`${column} = ${filter.eq_}` : EVERYTHING
  }

  isNull(column: Fragment, wanted: Maybe<boolean>): Condition {
    if (typeof wanted !== 'boolean') return null
    return wanted ? this.sql`${column} is null` : this.sql`${column} is not null`
  }

  tags(column: Fragment, filter: Maybe<Tags>): Condition {
    const { sql } = this
    if (!filter) return null
    return this.#given(
      [
        filter.all_ ? sql`${column} @> ${[...filter.all_]}::text[]` : null,
        filter.any_ ? sql`${column} && ${[...filter.any_]}::text[]` : null,
        typeof filter.is_null_ !== 'boolean'
          ? null
          : filter.is_null_
            ? sql`${column} = '{}'`
            : sql`${column} <> '{}'`,
      ],
      filter.operator,
    )
  }

  /** Both ends are inclusive. `nullColumn` is what is_null_ asks about, where that differs. */
  span(column: Fragment, filter: Maybe<Span>, nullColumn: Fragment = column): Condition {
    const { sql } = this
    if (!filter) return null
    return this.#given([
      typeof filter.before_ === 'number'
        ? sql`${column} <= ${formatInstant(filter.before_)}::timestamptz`
        : null,
      typeof filter.after_ === 'number'
        ? sql`${column} >= ${formatInstant(filter.after_)}::timestamptz`
        : null,
      this.isNull(nullColumn, filter.is_null_),
    ])
  }

  state(alias: Fragment, filter: Maybe<StateFilter>): Condition {
    const { sql } = this
    if (!filter) return null
    return this.#given(
      [
        this.stateTypes(sql`${alias}.state_type`, filter.type),
        this.stateNames(sql`${alias}.state_name`, filter.name),
      ],
      filter.operator,
    )
  }

  stateTypes(column: Fragment, filter: Maybe<AnyOf<StateType>>): Condition {
    const { sql } = this
    if (!filter || isContradictory(filter)) return null
    return this.#given([
      filter.any_ ? sql`${column} = any(${[...filter.any_]}::text[]::state_type[])` : null,
      filter.not_any_ ? sql`${column} <> all(${[...filter.not_any_]}::text[]::state_type[])` : null,
    ])
  }

  stateNames(column: Fragment, filter: Maybe<AnyOf<string>>): Condition {
    return filter && !isContradictory(filter) ? this.texts(column, filter) : null
  }
}

/** Clients rely on it: a state filter that both asks for and excludes is dropped. */
const isContradictory = (filter: AnyOf<string>): boolean => Boolean(filter.any_ && filter.not_any_)
