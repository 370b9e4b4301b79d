import type { Transaction } from '../db/clients.ts'
import { type FlowRunRow, flowRunColumns } from '../db/rows/flow-run.ts'
import { NotFound } from '../domain/problem.ts'
import type { NewFlowRun } from './engine.ts'
import type { RunContext, StoredFlowRun } from './stored.ts'

export interface FlowOfRun {
  readonly workspaceId: string
  readonly id: string
  readonly name: string
  readonly tags: readonly string[]
  /** The flow's own labels and its id. */
  readonly labelsOfRuns: Readonly<Record<string, unknown>>
  /** The transaction that wrote its row. */
  readonly version: string
}

/** The flows of runs that are to be made, by `workspace id`. */
export async function readFlows(
  sql: Transaction,
  wanted: readonly NewFlowRun[],
): Promise<Map<string, FlowOfRun>> {
  const keys = new Map(wanted.map((run) => [`${run.workspaceId} ${run.flowId}`, run]))
  const runs = [...keys.values()]
  const rows = await sql<FlowOfRun[]>`
    select f.workspace_id, f.id, f.name, f.tags, f.labels || jsonb_build_object('prefect.flow.id', f.id) as labels_of_runs, f.xmin as version
    from unnest(${runs.map((r) => r.workspaceId)}::uuid[], ${runs.map((r) => r.flowId)}::uuid[]) k (workspace_id, id)
    join flows f on f.workspace_id = k.workspace_id and f.id = k.id`
  return new Map(rows.map((row) => [`${row.workspaceId} ${row.id}`, row]))
}

/** What a run belongs to besides its flow. */
export type RunsContext = Omit<RunContext, 'createdBy' | 'deploymentId'> &
  Pick<StoredFlowRun, 'deploymentEntrypoint'>

/** Of a run that belongs to nothing but its flow. */
export const noContext: RunsContext = {
  deploymentName: null,
  deploymentTags: null,
  deploymentEntrypoint: null,
  workQueueId: null,
  workQueueName: null,
  workPoolId: null,
  workPoolName: null,
  workPoolType: null,
}

/** Of clients 2.x: where queues are that belong to no pool. */
const AGENT_POOL = 'default-agent-pool'

/** Finds deployments and queues that runs name. Most runs name none, and cost nothing. */
export async function readContexts(
  sql: Transaction,
  wanted: readonly NewFlowRun[],
): Promise<(run: NewFlowRun) => RunsContext | NotFound> {
  const runs = wanted.filter(
    (run) =>
      run.deploymentId !== null || run.workQueueId || run.workPoolName !== null || run.workQueueName !== null,
  )
  if (runs.length === 0) return () => noContext
  const poolOf = (run: NewFlowRun) => run.workPoolName ?? (run.workQueueName === null ? null : AGENT_POOL)
  const rows = await sql<(RunsContext & { readonly index: number })[]>`
    select k.index, d.name as deployment_name, d.tags as deployment_tags, d.entrypoint as deployment_entrypoint, q.id as work_queue_id, q.name as work_queue_name,
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
export async function readExisting(
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
