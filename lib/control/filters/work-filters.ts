import type { Transaction } from '../../db/clients.ts'
import type { WorkerStatus, WorkStatus } from '../../domain/work/status.ts'
import {
  type AnyOf,
  type Condition,
  type Creator,
  type Fragment,
  type Names,
  type Operator,
  Operators,
  type Span,
} from './operators.ts'

type Maybe<Value> = Value | null | undefined

export interface WorkPoolFilter {
  readonly operator?: Operator
  readonly id?: Maybe<AnyOf<string>>
  readonly name?: Maybe<Names>
  readonly type?: Maybe<AnyOf<string>>
  readonly status?: Maybe<AnyOf<WorkStatus>>
  readonly paused?: Maybe<{ readonly eq_?: Maybe<boolean> }>
  readonly created_by?: Maybe<Creator>
  readonly updated_by?: Maybe<Creator>
}

export interface WorkQueueFilter {
  readonly operator?: Operator
  readonly id?: Maybe<AnyOf<string>>
  readonly name?: Maybe<Names>
  readonly created_by?: Maybe<Creator>
  readonly updated_by?: Maybe<Creator>
}

export interface WorkerFilter {
  readonly operator?: Operator
  readonly name?: Maybe<Names>
  readonly status?: Maybe<AnyOf<WorkerStatus>>
  readonly last_heartbeat_time?: Maybe<Span>
}

/** `and …` after `p.workspace_id = …`; `p` is work_pools. */
export const onWorkPools = (sql: Transaction, filter: Maybe<WorkPoolFilter>): Fragment =>
  new Operators(sql).and(isWorkPool(sql, filter))

/** What a pool `p` must be. */
export function isWorkPool(sql: Transaction, filter: Maybe<WorkPoolFilter>): Condition {
  const is = new Operators(sql)
  if (!filter) return null
  return is.join(
    [
      is.ids(sql`p.id`, filter.id),
      is.names(sql`p.name`, filter.name),
      is.texts(sql`p.type`, filter.type),
      is.texts(sql`p.status`, filter.status),
      is.equals(sql`p.is_paused`, filter.paused),
      is.creator(sql`p.created_by`, filter.created_by),
      is.creator(sql`p.updated_by`, filter.updated_by),
    ],
    filter.operator,
  )
}

/** `and …` after `q.workspace_id = …`; `q` is work_queues. */
export const onWorkQueues = (sql: Transaction, filter: Maybe<WorkQueueFilter>): Fragment =>
  new Operators(sql).and(isWorkQueue(sql, filter))

/** What a queue `q` must be. */
export function isWorkQueue(sql: Transaction, filter: Maybe<WorkQueueFilter>): Condition {
  const is = new Operators(sql)
  if (!filter) return null
  return is.join(
    [
      is.ids(sql`q.id`, filter.id),
      is.names(sql`q.name`, filter.name),
      is.creator(sql`q.created_by`, filter.created_by),
      is.creator(sql`q.updated_by`, filter.updated_by),
    ],
    filter.operator,
  )
}

/** `and …` after `w.workspace_id = …`; `w` is workers. */
export function onWorkers(sql: Transaction, filter: Maybe<WorkerFilter>): Fragment {
  const is = new Operators(sql)
  if (!filter) return is.and(null)
  return is.and(
    is.join(
      [
        is.names(sql`w.name`, filter.name),
        is.texts(sql`w.status`, filter.status),
        is.span(sql`w.last_heartbeat_at`, filter.last_heartbeat_time),
      ],
      filter.operator,
    ),
  )
}
