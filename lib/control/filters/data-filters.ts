import type { Transaction } from '../../db/clients.ts'
import {
  type AnyOf,
  type Condition,
  type Fragment,
  type Names,
  type Operator,
  Operators,
  type Span,
  type Tags,
} from './operators.ts'
import { RunConditions, type RunFilters } from './run-filters.ts'

type Maybe<Value> = Value | null | undefined

export interface VariableFilter {
  readonly operator?: Operator
  readonly id?: Maybe<AnyOf<string>>
  readonly name?: Maybe<Names>
  /** Of texts what they say, of other values their JSON. */
  readonly value?: Maybe<Names>
  readonly tags?: Maybe<Tags>
}

export interface AutomationFilter {
  readonly operator?: Operator
  readonly id?: Maybe<AnyOf<string>>
  readonly name?: Maybe<AnyOf<string>>
  readonly created?: Maybe<Span>
  readonly tags?: Maybe<Tags>
}

interface ArtifactTraits {
  readonly operator?: Operator
  readonly key?: Maybe<Names & { readonly exists_?: Maybe<boolean> }>
  readonly flow_run_id?: Maybe<AnyOf<string>>
  readonly task_run_id?: Maybe<AnyOf<string>>
  readonly type?: Maybe<AnyOf<string>>
}

export interface ArtifactFilter extends ArtifactTraits {
  readonly id?: Maybe<AnyOf<string>>
}

export interface ArtifactCollectionFilter extends ArtifactTraits {
  readonly latest_id?: Maybe<AnyOf<string>>
}

/** An artifact matches when it meets its own filter, and its flow run and task run meet the others. */
export interface ArtifactFilters extends RunFilters {
  readonly artifacts?: Maybe<ArtifactFilter>
}

export interface ArtifactCollectionFilters extends RunFilters {
  readonly artifacts?: Maybe<ArtifactCollectionFilter>
}

/** `and …` after `v.workspace_id = …`; `v` is variables. */
export function onVariables(sql: Transaction, filter: Maybe<VariableFilter>): Fragment {
  const is = new Operators(sql)
  if (!filter) return is.and(null)
  return is.and(
    is.join(
      [
        is.ids(sql`v.id`, filter.id),
        is.names(sql`v.name`, filter.name),
        is.names(sql`v.value #>> '{}'`, filter.value),
        is.tags(sql`v.tags`, filter.tags),
      ],
      filter.operator,
    ),
  )
}

/** `and …` after `a.workspace_id = …`; `a` is automations. */
export function onAutomations(sql: Transaction, filter: Maybe<AutomationFilter>): Fragment {
  const is = new Operators(sql)
  if (!filter) return is.and(null)
  return is.and(
    is.join(
      [
        is.ids(sql`a.id`, filter.id),
        is.texts(sql`a.name`, filter.name),
        is.span(sql`a.created_at`, filter.created),
        is.tags(sql`a.tags`, filter.tags),
      ],
      filter.operator,
    ),
  )
}

/** `and …` after `a.workspace_id = …`; `a` is artifacts. */
export function onArtifacts(sql: Transaction, workspaceId: string, filters: ArtifactFilters): Fragment {
  const { id, ...traits } = filters.artifacts ?? {}
  return onArtifactsOf(sql, workspaceId, filters, id, traits)
}

/** `and …` after `c.workspace_id = …`; `c` is artifact_collections, `a` the latest artifact of each. */
export function onArtifactCollections(
  sql: Transaction,
  workspaceId: string,
  filters: ArtifactCollectionFilters,
): Fragment {
  const { latest_id, ...traits } = filters.artifacts ?? {}
  return onArtifactsOf(sql, workspaceId, filters, latest_id, traits)
}

function onArtifactsOf(
  sql: Transaction,
  workspaceId: string,
  runs: RunFilters,
  id: Maybe<AnyOf<string>>,
  { operator, key, flow_run_id, task_run_id, type }: ArtifactTraits,
): Fragment {
  const is = new Operators(sql)
  const keyed: Condition = typeof key?.exists_ === 'boolean' ? is.isNull(sql`a.key`, !key.exists_) : null
  const own = is.join(
    [
      is.ids(sql`a.id`, id),
      is.join([is.names(sql`a.key`, key), keyed]),
      is.ids(sql`a.flow_run_id`, flow_run_id),
      is.ids(sql`a.task_run_id`, task_run_id),
      is.texts(sql`a.type`, type),
    ],
    operator,
  )
  const made = new RunConditions(sql, workspaceId).madeBy(runs, sql`a.flow_run_id`, sql`a.task_run_id`)
  return is.and(is.join([own, made]))
}
