import type { Transaction } from '../db/clients.ts'
import { type FlowRunRow, flowRunColumns } from '../db/rows/flow-run.ts'
import { inTransaction } from '../db/transaction.ts'
import { uuidv7 } from '../db/uuid.ts'
import type { Change } from '../domain/change.ts'
import { decide, type FlowRunView, type ProposedState } from '../domain/orchestration/decide.ts'
import { minimalFlowPolicy } from '../domain/orchestration/policies.ts'
import { policyOfLabels } from '../domain/orchestration/policy-of-labels.ts'
import { NotFound } from '../domain/problem.ts'
import { generateRunName } from '../domain/run-name.ts'
import { formatInstant } from '../domain/time.ts'
import type { Created, NewFlowRun } from './engine.ts'
import { flowRunEvent } from './flow-run-event.ts'
import { publishAll, publishEvents, type TransitionDeps } from './flow-run-transitions.ts'
import { type FollowUp, upsertFollowUps } from './follow-ups.ts'
import { type Mirror, mirrorToParentTasks } from './mirror.ts'
import { recordsetOfParts } from './recordset.ts'
import { RollupDeltas } from './rollup.ts'
import type { Signal } from './signals.ts'
import { countedAfter, type RunContext, stateColumns, textOf, unstarted } from './stored.ts'
import { noFacts } from './task-run-transitions.ts'
import {
  compareKeys,
  type EventRow,
  type HappenedColumns,
  happenedColumns,
  happenedTypes,
  historyOfFlowRuns,
  type StateColumns,
  stateTypes,
} from './write-set.ts'

interface FlowOfRun {
  readonly workspaceId: string
  readonly id: string
  readonly name: string
  readonly tags: readonly string[]
  readonly labels: Readonly<Record<string, unknown>>
}

interface FlowRunColumns {
  readonly workspace_id: string
  readonly id: string
  readonly flow_id: string
  readonly name: string
  readonly flow_version: string | null
  readonly deployment_id: string | null
  readonly deployment_version: string | null
  readonly deployment_version_id: string | null
  readonly work_pool_name: string | null
  readonly work_queue_id: string | null
  readonly work_queue_name: string | null
  readonly auto_scheduled: boolean
  readonly infrastructure_document_id: string | null
  readonly idempotency_key: string | null
  readonly parent_task_run_id: string | null
  readonly parameters: string
  readonly context: string
  readonly job_variables: string | null
  readonly empirical_policy: unknown
  readonly tags: readonly string[]
  readonly labels: unknown
  readonly created_by: unknown
  readonly created_at: string
}

interface FlowRunInsert {
  readonly run: FlowRunColumns
  readonly state: StateColumns
  readonly happened: HappenedColumns
}

const pending: ProposedState = { type: 'PENDING', name: 'Pending', message: '', details: {}, data: null }

/**
 * Makes a batch of flow runs, each with its first state, in one transaction. A run whose idempotency key (or own id) is
 * already there is answered as it stands. A key that another process takes in the same moment fails the batch, whose
 * items are then tried singly and find it.
 */
export async function createFlowRuns(
  deps: TransitionDeps,
  wanted: readonly NewFlowRun[],
): Promise<(Created<FlowRunRow> | Error)[]> {
  const published: [string, Change][] = []
  const events: EventRow[] = []
  const due: Signal[] = []
  await deps.watch.ready()
  const results = await inTransaction(deps.sql, async (sql, write) => {
    const [flows, existing, contextOf] = await Promise.all([
      readFlows(sql, wanted),
      readExisting(sql, wanted),
      readContexts(sql, wanted),
    ])
    const inserts: FlowRunInsert[] = []
    const mirrors: Mirror[] = []
    const followUps: FollowUp[] = []
    const deltas = new RollupDeltas()

    const answers = wanted.map((run): Created<FlowRunRow> | Error => {
      const there = existing(run)
      if (there) return { created: false, row: there }
      const flow = flows.get(`${run.workspaceId} ${run.flowId}`)
      if (!flow) return new NotFound(`Flow with id ${run.flowId}`)
      const context = contextOf(run)
      if (context instanceof Error) return context
      const id = run.id ?? uuidv7()
      const labels = {
        ...flow.labels,
        'prefect.flow.id': flow.id,
        ...(run.deploymentId ? { 'prefect.deployment.id': run.deploymentId } : {}),
        ...run.labels,
      }
      const view: FlowRunView = {
        kind: 'flow-run',
        id,
        ...unstarted({ ...policyOfLabels(labels), ...run.empiricalPolicy }),
        deploymentId: run.deploymentId,
        parentTaskRunId: run.parentTaskRunId,
        infrastructurePid: null,
        workQueueId: context.workQueueId,
        claimToken: null,
      }
      const now = deps.nowMicros()
      const decision = decide(minimalFlowPolicy, view, run.state ?? pending, {
        ...noFacts(run.reported?.atMicros ?? now, deps.dice()),
        client: run.client,
      })
      const { write: state, patch, effects, reason } = decision
      if (!state) return new Error(`a first state was refused: ${reason}`)
      const stateId = run.reported?.stateId ?? uuidv7()
      const columns = stateColumns(stateId, state, patch)
      const createdAt = formatInstant(now)
      const name = run.name ?? generateRunName(deps.dice)
      const insert: FlowRunColumns = {
        workspace_id: run.workspaceId,
        id,
        flow_id: flow.id,
        name,
        flow_version: run.flowVersion,
        deployment_id: run.deploymentId,
        deployment_version: run.deploymentVersion ?? null,
        deployment_version_id: run.deploymentVersionId ?? null,
        work_pool_name: context.workPoolName,
        work_queue_id: context.workQueueId,
        work_queue_name: context.workQueueName,
        auto_scheduled: run.autoScheduled ?? false,
        infrastructure_document_id: run.infrastructureDocumentId ?? null,
        idempotency_key: run.idempotencyKey,
        parent_task_run_id: run.parentTaskRunId,
        parameters: run.parameters,
        context: run.context,
        job_variables: run.jobVariables,
        empirical_policy: patch.policy,
        tags: run.tags,
        labels,
        created_by: run.createdBy,
        created_at: createdAt,
      }
      deltas.move(
        null,
        countedAfter(
          { kind: 'flow-run', workspaceId: run.workspaceId, flowId: flow.id, deploymentId: run.deploymentId },
          state,
          patch,
        ),
      )
      let event: EventRow | null = null
      for (const effect of effects) {
        if (effect.type === 'emit-event') {
          event = flowRunEvent(
            { ...run, ...context, id, name, flowName: flow.name, flowTags: flow.tags },
            patch.runCount,
            null,
            { id: stateId, ...state },
          )
          events.push(event)
        } else if (effect.type === 'mirror-to-parent-task') {
          mirrors.push({
            workspaceId: run.workspaceId,
            taskRunId: effect.taskRunId,
            childFlowRunId: id,
            state,
          })
        } else if (effect.type === 'follow-up') {
          followUps.push({ workspaceId: run.workspaceId, runId: id, ...effect })
        }
      }
      if (
        patch.nextScheduledStartMicros !== null &&
        (context.workQueueId !== null || run.deploymentId !== null)
      )
        due.push({
          type: 'due',
          workspaceId: run.workspaceId,
          workPoolId: context.workPoolId,
          workQueueId: context.workQueueId,
          deploymentId: run.deploymentId,
          dueMicros: patch.nextScheduledStartMicros,
        })
      inserts.push({ run: insert, state: columns, happened: happenedColumns(event) })
      published.push([
        run.workspaceId,
        {
          kind: 'flow-run',
          id,
          flowId: flow.id,
          name,
          stateType: state.type,
          stateName: state.name,
          stateAt: columns.state_at,
          stateMessage: state.message.slice(0, 2_000),
          expectedStartAt: columns.expected_start_at,
          startAt: columns.start_at,
          endAt: columns.end_at,
          totalRunTimeSeconds: 0,
          runCount: patch.runCount,
          tags: run.tags,
          deploymentId: run.deploymentId,
          parentTaskRunId: run.parentTaskRunId,
        },
      ])
      return {
        created: true,
        row: {
          id,
          flowId: flow.id,
          flowName: flow.name,
          name,
          flowVersion: run.flowVersion,
          deploymentId: run.deploymentId,
          deploymentVersion: insert.deployment_version,
          deploymentVersionId: insert.deployment_version_id,
          workPoolId: context.workPoolId,
          workPoolName: context.workPoolName,
          workQueueId: context.workQueueId,
          workQueueName: context.workQueueName,
          idempotencyKey: run.idempotencyKey,
          parentTaskRunId: run.parentTaskRunId,
          parameters: run.parameters,
          context: run.context,
          jobVariables: run.jobVariables,
          empiricalPolicy: patch.policy,
          tags: run.tags,
          labels,
          createdBy: run.createdBy,
          autoScheduled: insert.auto_scheduled,
          infrastructureDocumentId: insert.infrastructure_document_id,
          infrastructurePid: null,
          stateId,
          stateType: state.type,
          stateName: state.name,
          stateAt: columns.state_at,
          stateMessage: state.message,
          stateDetails: state.details,
          stateData: state.data,
          runCount: patch.runCount,
          startAt: columns.start_at,
          endAt: columns.end_at,
          expectedStartAt: columns.expected_start_at,
          nextScheduledStartAt: textOf(patch.nextScheduledStartMicros),
          totalRunTimeSeconds: 0,
          createdAt,
          updatedAt: createdAt,
        },
      }
    })

    if (inserts.length > 0) {
      const isReplay = wanted.some((run) => run.reported !== undefined)
      const mirrored =
        mirrors.length > 0 ? await mirrorToParentTasks(deps, sql, mirrors, deltas, published) : []
      write(
        insertFlowRuns(sql, inserts, deltas, isReplay, deps.watch.wantedOf(events)),
        followUps.length > 0 ? upsertFollowUps(sql, followUps) : null,
        ...mirrored,
      )
    }
    return answers
  })
  publishAll(deps, published)
  publishEvents(deps, events)
  deps.signals.emit(due)
  return results
}

async function readFlows(sql: Transaction, wanted: readonly NewFlowRun[]): Promise<Map<string, FlowOfRun>> {
  const keys = new Map(wanted.map((run) => [`${run.workspaceId} ${run.flowId}`, run]))
  const runs = [...keys.values()]
  const rows = await sql<FlowOfRun[]>`
    select f.workspace_id, f.id, f.name, f.tags, f.labels
    from unnest(${runs.map((r) => r.workspaceId)}::uuid[], ${runs.map((r) => r.flowId)}::uuid[]) k (workspace_id, id)
    join flows f on f.workspace_id = k.workspace_id and f.id = k.id`
  return new Map(rows.map((row) => [`${row.workspaceId} ${row.id}`, row]))
}

type Context = Omit<RunContext, 'createdBy' | 'deploymentId'>

const noContext: Context = {
  deploymentName: null,
  deploymentTags: null,
  workQueueId: null,
  workQueueName: null,
  workPoolId: null,
  workPoolName: null,
  workPoolType: null,
}

/** Of clients 2.x: where queues are that belong to no pool. */
const AGENT_POOL = 'default-agent-pool'

/** Finds deployments and queues that runs name. Most runs name none, and cost nothing. */
async function readContexts(
  sql: Transaction,
  wanted: readonly NewFlowRun[],
): Promise<(run: NewFlowRun) => Context | NotFound> {
  const runs = wanted.filter(
    (run) =>
      run.deploymentId !== null || run.workQueueId || run.workPoolName !== null || run.workQueueName !== null,
  )
  if (runs.length === 0) return () => noContext
  const poolOf = (run: NewFlowRun) => run.workPoolName ?? (run.workQueueName === null ? null : AGENT_POOL)
  const rows = await sql<(Context & { readonly index: number })[]>`
    select k.index, d.name as deployment_name, d.tags as deployment_tags, q.id as work_queue_id, q.name as work_queue_name,
           p.id as work_pool_id, p.name as work_pool_name, p.type as work_pool_type
    from unnest(${runs.map((_, index) => index)}::int[], ${runs.map((r) => r.workspaceId)}::uuid[],
                ${runs.map((r) => r.deploymentId)}::uuid[], ${runs.map((r) => r.workQueueId ?? null)}::uuid[],
                ${runs.map((r) => (r.workQueueId ? null : poolOf(r)))}::text[], ${runs.map((r) => r.workQueueName)}::text[])
      k (index, workspace_id, deployment_id, queue_id, pool, queue)
    left join deployments d on d.workspace_id = k.workspace_id and d.id = k.deployment_id
    left join work_pools named on named.workspace_id = k.workspace_id and named.name = k.pool
    left join work_queues inside on inside.workspace_id = k.workspace_id and inside.work_pool_id = named.id and inside.name = k.queue
    left join work_queues q on q.workspace_id = k.workspace_id
      and q.id = coalesce(k.queue_id, inside.id, case when k.queue is null then named.default_queue_id end)
    left join work_pools p on p.workspace_id = q.workspace_id and p.id = q.work_pool_id`
  const found = new Map(rows.map((row) => [runs[row.index], row]))
  return (run) => {
    const row = found.get(run)
    if (!row) return noContext
    if (run.deploymentId !== null && row.deploymentName === null)
      return new NotFound(`Deployment with id ${run.deploymentId}`)
    if (row.workQueueId !== null) return row
    if (run.workQueueId) return new NotFound(`Work queue with id ${run.workQueueId}`)
    const pool = poolOf(run)
    if (pool === null) return row
    return run.workQueueName === null
      ? new NotFound(`Work pool "${pool}"`)
      : new NotFound(`Work queue "${run.workQueueName}" of work pool "${pool}"`)
  }
}

type ExistingRow = FlowRunRow & { readonly workspaceId: string }

/** Finds the runs that were made before under the same idempotency key or id. */
async function readExisting(
  sql: Transaction,
  wanted: readonly NewFlowRun[],
): Promise<(run: NewFlowRun) => FlowRunRow | undefined> {
  const keyed = wanted.filter((run) => run.idempotencyKey !== null)
  const named = wanted.filter((run) => run.id !== undefined)
  if (keyed.length === 0 && named.length === 0) return () => undefined
  const [byKey, byId] = await Promise.all([
    sql<ExistingRow[]>`
      select r.workspace_id, ${flowRunColumns(sql)}
      from unnest(${keyed.map((r) => r.workspaceId)}::uuid[], ${keyed.map((r) => r.flowId)}::uuid[], ${keyed.map((r) => r.idempotencyKey)}::text[])
        k (workspace_id, flow_id, idempotency_key)
      join flow_runs r on r.workspace_id = k.workspace_id and r.flow_id = k.flow_id and r.idempotency_key = k.idempotency_key
      join flows f on f.workspace_id = r.workspace_id and f.id = r.flow_id`,
    sql<ExistingRow[]>`
      select r.workspace_id, ${flowRunColumns(sql)}
      from unnest(${named.map((r) => r.workspaceId)}::uuid[], ${named.map((r) => r.id ?? null)}::uuid[]) k (workspace_id, id)
      join flow_runs r on r.workspace_id = k.workspace_id and r.id = k.id
      join flows f on f.workspace_id = r.workspace_id and f.id = r.flow_id`,
  ])
  const found = new Map<string, FlowRunRow>()
  for (const row of byKey) found.set(`${row.workspaceId} ${row.flowId} ${row.idempotencyKey}`, row)
  for (const row of byId) found.set(`${row.workspaceId} ${row.id}`, row)
  return (run) =>
    found.get(`${run.workspaceId} ${run.flowId} ${run.idempotencyKey}`) ??
    (run.id === undefined ? undefined : found.get(`${run.workspaceId} ${run.id}`))
}

const flowRunInserts = recordsetOfParts<FlowRunInsert>({
  run: {
    workspace_id: 'uuid',
    id: 'uuid',
    flow_id: 'uuid',
    name: 'text',
    flow_version: 'text',
    deployment_id: 'uuid',
    deployment_version: 'text',
    deployment_version_id: 'uuid',
    work_pool_name: 'text',
    work_queue_id: 'uuid',
    work_queue_name: 'text',
    auto_scheduled: 'bool',
    infrastructure_document_id: 'uuid',
    idempotency_key: 'text',
    parent_task_run_id: 'uuid',
    parameters: 'json',
    context: 'json',
    job_variables: 'json',
    empirical_policy: 'jsonb',
    tags: 'text[]',
    labels: 'jsonb',
    created_by: 'jsonb',
    created_at: 'timestamptz',
  },
  state: stateTypes,
  happened: happenedTypes,
})

const inOrder = (rows: readonly FlowRunInsert[]): FlowRunInsert[] =>
  [...rows].sort((a, b) => compareKeys(a.run.workspace_id, a.run.id, b.run.workspace_id, b.run.id))

const insertFlowRuns = (
  sql: Transaction,
  rows: readonly FlowRunInsert[],
  deltas: RollupDeltas,
  isReplay: boolean,
  watched: readonly string[],
) => sql`
  with r as materialized (
    select * from ${flowRunInserts(sql, inOrder(rows))} r
  ), made as (
    insert into flow_runs (
      workspace_id, id, flow_id, name, flow_version, deployment_id, deployment_version, deployment_version_id, work_pool_name, work_queue_id,
      work_queue_name, auto_scheduled, infrastructure_document_id, idempotency_key, parent_task_run_id,
      parameters, context, job_variables, empirical_policy, tags, labels, created_by, state_id, state_type, state_name, state_at,
      state_message, state_details, state_data, run_count, start_at, end_at, expected_start_at, next_scheduled_start_at,
      created_at, updated_at)
    select
      workspace_id, id, flow_id, name, flow_version, deployment_id, deployment_version, deployment_version_id, work_pool_name, work_queue_id,
      work_queue_name, auto_scheduled, infrastructure_document_id, idempotency_key, parent_task_run_id,
      parameters, context, job_variables, empirical_policy, tags, labels, created_by, state_id, state_type, state_name, state_at,
      state_message, state_details, state_data, run_count, start_at, end_at, expected_start_at, next_scheduled_start_at,
      created_at, created_at
    from r
  ), ${historyOfFlowRuns(sql, deltas, isReplay, watched)}
  select 1`
