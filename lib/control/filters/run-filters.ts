import type { Transaction } from '../../db/clients.ts'
import type {
  AnyOf,
  Condition,
  Creator,
  Fragment,
  Names,
  Operator,
  Presence,
  Span,
  StateFilter,
  Tags,
} from './operators.ts'
import { EVERYTHING, Operators } from './operators.ts'
import { isWorkPool, isWorkQueue, type WorkPoolFilter, type WorkQueueFilter } from './work-filters.ts'

type Maybe<Value> = Value | null | undefined

export interface FlowFilter {
  readonly operator?: Operator
  readonly id?: Maybe<AnyOf<string>>
  readonly deployment?: Maybe<{ readonly is_null_?: Maybe<boolean> }>
  readonly name?: Maybe<Names>
  readonly tags?: Maybe<Tags>
  readonly created_by?: Maybe<Creator>
  readonly updated_by?: Maybe<Creator>
}

export interface FlowRunFilter {
  readonly operator?: Operator
  readonly id?: Maybe<AnyOf<string>>
  readonly name?: Maybe<Names>
  readonly tags?: Maybe<Tags>
  readonly flow_id?: Maybe<AnyOf<string>>
  readonly deployment_id?: Maybe<Presence>
  readonly deployment_version_id?: Maybe<OfDeployment<string>>
  readonly deployment_version_info?: Maybe<OfDeployment<Readonly<Record<string, unknown>>>>
  readonly work_queue_id?: Maybe<Presence>
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
  readonly created_by?: Maybe<Creator>
}

interface OfDeployment<Value> {
  readonly operator?: Operator
  readonly deployment_id?: Maybe<string>
  readonly any_?: Maybe<readonly Value[]>
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

export interface DeploymentFilter {
  readonly operator?: Operator
  readonly id?: Maybe<AnyOf<string>>
  readonly name?: Maybe<Names>
  readonly flow_or_deployment_name?: Maybe<{ readonly like_?: Maybe<string> }>
  readonly paused?: Maybe<{ readonly eq_?: Maybe<boolean> }>
  /** Of clients 2.x: whether it is not paused. */
  readonly is_schedule_active?: Maybe<{ readonly eq_?: Maybe<boolean> }>
  readonly tags?: Maybe<Tags>
  readonly flow_id?: Maybe<AnyOf<string>>
  readonly work_queue_id?: Maybe<AnyOf<string>>
  readonly work_queue_name?: Maybe<AnyOf<string>>
  readonly status?: Maybe<AnyOf<string>>
  readonly branch?: Maybe<Presence>
  readonly base?: Maybe<AnyOf<string>>
  readonly root?: Maybe<AnyOf<string>>
  readonly created_by?: Maybe<Creator>
  readonly updated_by?: Maybe<Creator>
  readonly concurrency_limit?: Maybe<{
    readonly ge_?: Maybe<number>
    readonly le_?: Maybe<number>
    readonly is_null_?: Maybe<boolean>
  }>
}

/** A row matches when it meets its own filter, and a related row exists that meets each of the others. */
export interface RunFilters {
  readonly flows?: Maybe<FlowFilter>
  readonly flow_runs?: Maybe<FlowRunFilter>
  readonly task_runs?: Maybe<TaskRunFilter>
  readonly deployments?: Maybe<DeploymentFilter>
  readonly work_pools?: Maybe<WorkPoolFilter>
  readonly work_queues?: Maybe<WorkQueueFilter>
}

/**
 * Compiles filters on flows, flow runs, task runs and deployments. The aliases are fixed: `f` flows, `r` flow_runs,
 * `t` task_runs, `d` deployments; each query that uses these conditions names its table so, and names the workspace itself, first.
 */
export class RunConditions {
  readonly #is: Operators

  constructor(
    readonly sql: Transaction,
    readonly workspaceId: string,
  ) {
    this.#is = new Operators(sql)
  }

  /** `and …` after `f.workspace_id = …`. A flow is where its deployments are. */
  onFlows(filters: RunFilters): Fragment {
    const { sql, workspaceId } = this
    const run = this.#is.join([this.flowRun(filters.flow_runs), this.#hasTaskRun(filters.task_runs)])
    const hasRun = this.#is.related(
      run,
      (its) =>
        sql`exists (select from flow_runs r where r.workspace_id = ${workspaceId} and r.flow_id = f.id and ${its})`,
    )
    const deployment = this.#is.join([
      this.deployment(filters.deployments),
      ...this.#waitsIn(filters, sql`d.work_queue_id`),
    ])
    const hasDeployment = this.#is.related(
      deployment,
      (its) =>
        sql`exists (select from deployments d where d.workspace_id = ${workspaceId} and d.flow_id = f.id and ${its})`,
    )
    return this.#is.and(this.#is.join([this.flow(filters.flows), hasRun, hasDeployment]))
  }

  /** `and …` after `d.workspace_id = …`. */
  onDeployments(filters: RunFilters): Fragment {
    const { sql, workspaceId } = this
    const run = this.#is.join([this.flowRun(filters.flow_runs), this.#hasTaskRun(filters.task_runs)])
    const hasRun = this.#is.related(
      run,
      (its) =>
        sql`exists (select from flow_runs r where r.workspace_id = ${workspaceId} and r.deployment_id = d.id and ${its})`,
    )
    return this.#is.and(
      this.#is.join([
        this.deployment(filters.deployments),
        this.#isOfFlow(filters.flows, sql`d.flow_id`),
        hasRun,
        ...this.#waitsIn(filters, sql`d.work_queue_id`),
      ]),
    )
  }

  /** `and …` after `r.workspace_id = …`. */
  onFlowRuns(filters: RunFilters): Fragment {
    return this.#is.and(
      this.#is.join([
        this.#isOfFlow(filters.flows, this.sql`r.flow_id`),
        this.flowRun(filters.flow_runs),
        this.#hasTaskRun(filters.task_runs),
        ...this.#placed(filters),
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
    const { sql, workspaceId } = this
    const hasDeployment = sql`exists (select from deployments fd where fd.workspace_id = ${workspaceId} and fd.flow_id = f.id)`
    const is = this.#is
    if (!filter) return null
    const withoutDeployments = filter.deployment?.is_null_
    return is.join(
      [
        is.ids(sql`f.id`, filter.id),
        !filter.deployment
          ? null
          : typeof withoutDeployments !== 'boolean'
            ? EVERYTHING
            : withoutDeployments
              ? sql`not ${hasDeployment}`
              : hasDeployment,
        is.names(sql`f.name`, filter.name),
        is.tags(sql`f.tags`, filter.tags),
        is.creator(sql`f.created_by`, filter.created_by),
        is.creator(sql`f.updated_by`, filter.updated_by),
      ],
      filter.operator,
    )
  }

  deployment(filter: Maybe<DeploymentFilter>): Condition {
    const { sql, workspaceId } = this
    const is = this.#is
    if (!filter) return null
    const like = filter.flow_or_deployment_name?.like_
    const active = filter.is_schedule_active?.eq_
    return is.join(
      [
        is.ids(sql`d.id`, filter.id),
        is.names(sql`d.name`, filter.name),
        !filter.flow_or_deployment_name
          ? null
          : typeof like !== 'string'
            ? EVERYTHING
            : is.join(
                [
                  is.names(sql`d.name`, { like_: like }),
                  is.related(
                    is.names(sql`nf.name`, { like_: like }),
                    (its) =>
                      sql`exists (select from flows nf where nf.workspace_id = ${workspaceId} and nf.id = d.flow_id and ${its})`,
                  ),
                ],
                'or_',
              ),
        is.equals(sql`d.paused`, filter.paused),
        is.equals(
          sql`d.paused`,
          filter.is_schedule_active && { eq_: typeof active === 'boolean' ? !active : null },
        ),
        is.tags(sql`d.tags`, filter.tags),
        is.ids(sql`d.flow_id`, filter.flow_id),
        is.ids(sql`d.work_queue_id`, filter.work_queue_id),
        is.related(
          is.texts(sql`nq.name`, filter.work_queue_name),
          (its) =>
            sql`exists (select from work_queues nq where nq.workspace_id = ${workspaceId} and nq.id = d.work_queue_id and ${its})`,
        ),
        is.texts(sql`d.status`, filter.status),
        is.presence(sql`d.branch`, filter.branch, 'text'),
        is.texts(sql`d.base::text`, filter.base),
        is.texts(sql`d.root::text`, filter.root),
        is.creator(sql`d.created_by`, filter.created_by),
        is.creator(sql`d.updated_by`, filter.updated_by),
        this.#limited(filter.concurrency_limit),
      ],
      filter.operator,
    )
  }

  flowRun(filter: Maybe<FlowRunFilter>): Condition {
    const { sql, workspaceId } = this
    const is = this.#is
    if (!filter) return null
    const parents = filter.parent_flow_run_id?.any_
    return is.join(
      [
        is.ids(sql`r.id`, filter.id),
        is.names(sql`r.name`, filter.name),
        is.tags(sql`r.tags`, filter.tags),
        is.ids(sql`r.flow_id`, filter.flow_id),
        is.presence(sql`r.deployment_id`, filter.deployment_id, 'uuid'),
        this.#ofDeployment(filter.deployment_version_id, (ids) =>
          is.ids(sql`r.deployment_version_id`, { any_: ids }),
        ),
        this.#ofDeployment(
          filter.deployment_version_info,
          (infos) => sql`exists (
            select from deployment_versions v
            where v.workspace_id = ${workspaceId} and v.deployment_id = r.deployment_id and v.id = r.deployment_version_id
              and v.version_info = any(${infos.map((info) => JSON.stringify(info))}::text[]::jsonb[]))`,
        ),
        is.presence(sql`r.work_queue_id`, filter.work_queue_id, 'uuid'),
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
        is.creator(sql`r.created_by`, filter.created_by),
      ],
      filter.operator,
    )
  }

  #limited(filter: DeploymentFilter['concurrency_limit']): Condition {
    if (!filter) return null
    const { sql } = this
    const limit = limitOfDeployment(sql)
    return (
      this.#is.join([
        typeof filter.ge_ === 'number' ? sql`${limit} >= ${filter.ge_}::bigint` : null,
        typeof filter.le_ === 'number' ? sql`${limit} <= ${filter.le_}::bigint` : null,
        this.#is.isNull(limit, filter.is_null_),
      ]) ?? EVERYTHING
    )
  }

  /** Of a deployment, and of some of its versions. */
  #ofDeployment<Value>(
    filter: Maybe<OfDeployment<Value>>,
    among: (values: readonly Value[]) => Condition,
  ): Condition {
    if (!filter) return null
    const { sql } = this
    return (
      this.#is.join(
        [
          filter.deployment_id ? sql`r.deployment_id = ${filter.deployment_id}` : null,
          filter.any_ ? among(filter.any_) : null,
        ],
        filter.operator,
      ) ?? EVERYTHING
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

  /** The run or deployment is one of such a flow. Flows asked for by id alone need no look at the flows. */
  #isOfFlow(filter: Maybe<FlowFilter>, flowId: Fragment): Condition {
    const { sql, workspaceId } = this
    const others = Object.entries(filter ?? {}).filter(
      ([key, value]) => key !== 'id' && key !== 'operator' && value,
    )
    if (filter?.id && others.length === 0) return this.#is.ids(flowId, filter.id)
    return this.#is.related(
      this.flow(filter),
      (its) =>
        sql`exists (select from flows f where f.workspace_id = ${workspaceId} and f.id = ${flowId} and ${its})`,
    )
  }

  /** The flow run of this id meets the filters on flow runs, flows and what a run carries. */
  #isOfRun(filters: RunFilters, flowRunId: Fragment): Condition {
    const { sql, workspaceId } = this
    const run = this.#is.join([
      this.flowRun(filters.flow_runs),
      this.#isOfFlow(filters.flows, sql`r.flow_id`),
      ...this.#placed(filters),
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

  /** The run `r` is one of such a deployment, and waits, or waited, in such a pool and queue. */
  #placed(filters: RunFilters): Condition[] {
    const { sql, workspaceId } = this
    const only = onlyId(filters.deployments)
    const deployment = only
      ? this.#is.ids(sql`r.deployment_id`, only)
      : this.#is.related(
          this.deployment(filters.deployments),
          (its) =>
            sql`exists (select from deployments d where d.workspace_id = ${workspaceId} and d.id = r.deployment_id and ${its})`,
        )
    return [deployment, ...this.#waitsIn(filters, sql`r.work_queue_id`)]
  }

  /** The queue of this id is such a queue, in such a pool. */
  #waitsIn(filters: RunFilters, queueId: Fragment): Condition[] {
    const { sql, workspaceId } = this
    const only = onlyId(filters.work_queues)
    const queue = only
      ? this.#is.ids(queueId, only)
      : this.#is.related(
          isWorkQueue(sql, filters.work_queues),
          (its) =>
            sql`exists (select from work_queues q where q.workspace_id = ${workspaceId} and q.id = ${queueId} and ${its})`,
        )
    const pool = this.#is.related(
      isWorkPool(sql, filters.work_pools),
      (its) => sql`exists (
        select from work_queues pq join work_pools p on p.workspace_id = pq.workspace_id and p.id = pq.work_pool_id
        where pq.workspace_id = ${workspaceId} and pq.id = ${queueId} and ${its})`,
    )
    return [queue, pool]
  }
}

/** How many runs of the deployment `d` may be under way at a time; null: any number. */
export const limitOfDeployment = (sql: Transaction): Fragment => sql`(
  select dl.slot_limit from concurrency_limits dl where dl.workspace_id = d.workspace_id and dl.id = d.concurrency_limit_id)`

/** The ids of a filter that asks for nothing but some of them: then the row that refers to them says it all. */
function onlyId(filter: Maybe<{ readonly id?: Maybe<AnyOf<string>> }>): AnyOf<string> | null {
  if (!filter?.id?.any_) return null
  const others = Object.entries(filter).filter(
    ([key, value]) => key !== 'id' && key !== 'operator' && value !== null && value !== undefined,
  )
  return others.length === 0 ? filter.id : null
}
