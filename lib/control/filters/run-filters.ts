import type { Transaction } from '../../db/clients.ts'
import type {
  AnyOf,
  Condition,
  Fragment,
  Names,
  Operator,
  Presence,
  Span,
  StateFilter,
  Tags,
} from './operators.ts'
import { EVERYTHING, Operators } from './operators.ts'

type Maybe<Value> = Value | null | undefined

export interface FlowFilter {
  readonly operator?: Operator
  readonly id?: Maybe<AnyOf<string>>
  readonly deployment?: Maybe<{ readonly is_null_?: Maybe<boolean> }>
  readonly name?: Maybe<Names>
  readonly tags?: Maybe<Tags>
}

export interface FlowRunFilter {
  readonly operator?: Operator
  readonly id?: Maybe<AnyOf<string>>
  readonly name?: Maybe<Names>
  readonly tags?: Maybe<Tags>
  readonly deployment_id?: Maybe<Presence>
  readonly work_queue_name?: Maybe<Presence>
  readonly state?: Maybe<StateFilter>
  readonly flow_version?: Maybe<AnyOf<string>>
  readonly start_time?: Maybe<Span>
  readonly end_time?: Maybe<Span>
  readonly expected_start_time?: Maybe<Span>
  readonly next_scheduled_start_time?: Maybe<Span>
  readonly parent_flow_run_id?: Maybe<{ readonly any_?: Maybe<readonly string[]> }>
  readonly parent_task_run_id?: Maybe<Presence>
  readonly idempotency_key?: Maybe<AnyOf<string>>
  readonly created_by?: Maybe<{
    readonly operator?: Operator
    readonly id_?: Maybe<readonly string[]>
    readonly type_?: Maybe<readonly string[]>
    readonly is_null_?: Maybe<boolean>
  }>
}

export interface TaskRunFilter {
  readonly operator?: Operator
  readonly id?: Maybe<AnyOf<string>>
  readonly name?: Maybe<Names>
  readonly tags?: Maybe<Tags>
  readonly state?: Maybe<StateFilter>
  readonly start_time?: Maybe<Span>
  readonly end_time?: Maybe<Span>
  readonly expected_start_time?: Maybe<Span>
  readonly subflow_runs?: Maybe<{ readonly exists_?: Maybe<boolean> }>
  readonly flow_run_id?: Maybe<Presence>
}

/** Deployments have no table yet: what asks for more than their id matches none. */
export interface DeploymentFilter {
  readonly operator?: Operator
  readonly id?: Maybe<AnyOf<string>>
  readonly [other: string]: unknown
}

/** Work pools and queues are known by what a run carries of them: their names, and a queue's id. */
export interface NamedFilter {
  readonly operator?: Operator
  readonly id?: Maybe<AnyOf<string>>
  readonly name?: Maybe<Names>
  readonly [other: string]: unknown
}

/** A row matches when it meets its own filter, and a related row exists that meets each of the others. */
export interface RunFilters {
  readonly flows?: Maybe<FlowFilter>
  readonly flow_runs?: Maybe<FlowRunFilter>
  readonly task_runs?: Maybe<TaskRunFilter>
  readonly deployments?: Maybe<DeploymentFilter>
  readonly work_pools?: Maybe<NamedFilter>
  readonly work_queues?: Maybe<NamedFilter>
}

/**
 * Compiles filters on flows, flow runs and task runs. The aliases are fixed: `f` flows, `r` flow_runs, `t` task_runs;
 * each query that uses these conditions names its table so, and names the workspace itself, first.
 */
export class RunConditions {
  readonly #is: Operators

  constructor(
    readonly sql: Transaction,
    readonly workspaceId: string,
  ) {
    this.#is = new Operators(sql)
  }

  /** `and …` after `f.workspace_id = …`. */
  onFlows(filters: RunFilters): Fragment {
    const { sql, workspaceId } = this
    const run = this.#is.join([
      this.flowRun(filters.flow_runs),
      this.#hasTaskRun(filters.task_runs),
      ...this.#carried(filters),
    ])
    const hasRun = this.#is.related(
      run,
      (its) =>
        sql`exists (select from flow_runs r where r.workspace_id = ${workspaceId} and r.flow_id = f.id and ${its})`,
    )
    return this.#is.and(this.#is.join([this.flow(filters.flows), hasRun]))
  }

  /** `and …` after `r.workspace_id = …`. */
  onFlowRuns(filters: RunFilters): Fragment {
    return this.#is.and(
      this.#is.join([
        this.#isOfFlow(filters.flows),
        this.flowRun(filters.flow_runs),
        this.#hasTaskRun(filters.task_runs),
        ...this.#carried(filters),
      ]),
    )
  }

  /** `and …` after `t.workspace_id = …`. */
  onTaskRuns(filters: RunFilters): Fragment {
    return this.#is.and(
      this.#is.join([this.taskRun(filters.task_runs), this.#isOfRun(filters, this.sql`t.flow_run_id`)]),
    )
  }

  /** What a run left behind: its flow run meets the filters on flow runs and flows, its task run those on task runs. */
  madeBy(filters: RunFilters, flowRunId: Fragment, taskRunId: Fragment): Condition {
    const { sql, workspaceId } = this
    return this.#is.join([
      this.#isOfRun(filters, flowRunId),
      this.#is.related(
        this.taskRun(filters.task_runs),
        (its) =>
          sql`${taskRunId} in (select t.id from task_runs t where t.workspace_id = ${workspaceId} and ${its})`,
      ),
    ])
  }

  flow(filter: Maybe<FlowFilter>): Condition {
    const { sql } = this
    const is = this.#is
    if (!filter) return null
    const withoutDeployments = filter.deployment?.is_null_
    return is.join(
      [
        is.ids(sql`f.id`, filter.id),
        // Nothing is deployed yet: no flow has a deployment.
        filter.deployment ? (withoutDeployments === false ? sql`false` : EVERYTHING) : null,
        is.names(sql`f.name`, filter.name),
        is.tags(sql`f.tags`, filter.tags),
      ],
      filter.operator,
    )
  }

  flowRun(filter: Maybe<FlowRunFilter>): Condition {
    const { sql, workspaceId } = this
    const is = this.#is
    if (!filter) return null
    const parents = filter.parent_flow_run_id?.any_
    const by = filter.created_by
    return is.join(
      [
        is.ids(sql`r.id`, filter.id),
        is.names(sql`r.name`, filter.name),
        is.tags(sql`r.tags`, filter.tags),
        is.presence(sql`r.deployment_id`, filter.deployment_id, 'uuid'),
        is.presence(sql`r.work_queue_name`, filter.work_queue_name, 'text'),
        is.state(sql`r`, filter.state),
        is.texts(sql`r.flow_version`, filter.flow_version),
        is.span(sql`coalesce(r.start_at, r.expected_start_at)`, filter.start_time, sql`r.start_at`),
        is.span(sql`r.end_at`, filter.end_time),
        is.span(sql`r.expected_start_at`, filter.expected_start_time),
        is.span(sql`r.next_scheduled_start_at`, filter.next_scheduled_start_time),
        !filter.parent_flow_run_id
          ? null
          : !parents
            ? EVERYTHING
            : sql`r.parent_task_run_id in (select p.id from task_runs p where p.workspace_id = ${workspaceId} and p.flow_run_id = any(${[...parents]}::uuid[]))`,
        is.presence(sql`r.parent_task_run_id`, filter.parent_task_run_id, 'uuid'),
        is.texts(sql`r.idempotency_key`, filter.idempotency_key),
        by
          ? (is.join(
              [
                by.id_ ? sql`r.created_by ->> 'id' = any(${[...by.id_]}::text[])` : null,
                by.type_ ? sql`r.created_by ->> 'type' = any(${[...by.type_]}::text[])` : null,
                is.isNull(sql`r.created_by`, by.is_null_),
              ],
              by.operator,
            ) ?? EVERYTHING)
          : null,
      ],
      filter.operator,
    )
  }

  taskRun(filter: Maybe<TaskRunFilter>): Condition {
    const { sql, workspaceId } = this
    const is = this.#is
    if (!filter) return null
    const subflows = filter.subflow_runs?.exists_
    const subflow = sql`exists (select from flow_runs c where c.workspace_id = ${workspaceId} and c.parent_task_run_id = t.id)`
    return is.join(
      [
        is.ids(sql`t.id`, filter.id),
        is.names(sql`t.name`, filter.name),
        is.tags(sql`t.tags`, filter.tags),
        is.state(sql`t`, filter.state),
        is.span(sql`coalesce(t.start_at, t.expected_start_at)`, filter.start_time, sql`t.start_at`),
        is.span(sql`t.end_at`, filter.end_time),
        is.span(sql`t.expected_start_at`, filter.expected_start_time),
        !filter.subflow_runs
          ? null
          : typeof subflows !== 'boolean'
            ? EVERYTHING
            : subflows
              ? subflow
              : sql`not ${subflow}`,
        this.#flowRunOfTask(filter.flow_run_id),
      ],
      filter.operator,
    )
  }

  /** Here `is_null_` is false unless said otherwise: a filter on the flow run that names none asks for task runs that have one. */
  #flowRunOfTask(filter: Maybe<Presence>): Condition {
    const { sql } = this
    if (!filter) return null
    const any = filter.any_ ? sql`t.flow_run_id = any(${[...filter.any_]}::uuid[])` : null
    if (filter.is_null_ === true) return this.#is.join([sql`t.flow_run_id is null`, any], filter.operator)
    return any ?? sql`t.flow_run_id is not null`
  }

  /** The run `r` is one of such a flow. Flows asked for by id alone need no look at the flows. */
  #isOfFlow(filter: Maybe<FlowFilter>): Condition {
    const { sql, workspaceId } = this
    const others = Object.entries(filter ?? {}).filter(
      ([key, value]) => key !== 'id' && key !== 'operator' && value,
    )
    if (filter?.id && others.length === 0) return this.#is.ids(sql`r.flow_id`, filter.id)
    return this.#is.related(
      this.flow(filter),
      (its) =>
        sql`exists (select from flows f where f.workspace_id = ${workspaceId} and f.id = r.flow_id and ${its})`,
    )
  }

  /** The flow run of this id meets the filters on flow runs, flows and what a run carries. */
  #isOfRun(filters: RunFilters, flowRunId: Fragment): Condition {
    const { sql, workspaceId } = this
    const run = this.#is.join([
      this.flowRun(filters.flow_runs),
      this.#isOfFlow(filters.flows),
      ...this.#carried(filters),
    ])
    return this.#is.related(
      run,
      (its) =>
        sql`${flowRunId} in (select r.id from flow_runs r where r.workspace_id = ${workspaceId} and ${its})`,
    )
  }

  /** The run `r` has such a task run. */
  #hasTaskRun(filter: Maybe<TaskRunFilter>): Condition {
    const { sql, workspaceId } = this
    return this.#is.related(
      this.taskRun(filter),
      (its) =>
        sql`exists (select from task_runs t where t.workspace_id = ${workspaceId} and t.flow_run_id = r.id and ${its})`,
    )
  }

  /** What a run carries of its deployment, work pool and work queue. */
  #carried(filters: RunFilters): Condition[] {
    const { sql } = this
    return [
      this.#carriedOf(filters.deployments, { id: sql`r.deployment_id` }),
      this.#carriedOf(filters.work_pools, { name: sql`r.work_pool_name` }),
      this.#carriedOf(filters.work_queues, { id: sql`r.work_queue_id`, name: sql`r.work_queue_name` }),
    ]
  }

  #carriedOf(
    filter: Maybe<NamedFilter>,
    columns: { readonly id?: Fragment; readonly name?: Fragment },
  ): Condition {
    if (!filter) return null
    const parts = Object.entries(filter).map(([key, value]): Condition => {
      if (key === 'operator' || value === null || value === undefined) return null
      if (!constrains(value)) return EVERYTHING
      if (key === 'id' && columns.id) return this.#is.ids(columns.id, filter.id)
      if (key === 'name' && columns.name) return this.#is.names(columns.name, filter.name)
      return this.sql`false`
    })
    return this.#is.join(parts, filter.operator)
  }
}

/** Whether a sub-filter says anything: `{}`, null and `{any_: null}` do not. */
const constrains = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  Object.entries(value).some(([key, part]) => key !== 'operator' && part !== null && part !== undefined)
