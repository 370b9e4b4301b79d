import { randomUUID } from 'node:crypto'
import type { Database } from '../db/clients.ts'
import { uuidv7 } from '../db/uuid.ts'
import type { ProposedState } from '../domain/orchestration/decide.ts'
import { defaultStateName, type RawJson, type StateType } from '../domain/state.ts'
import type { NewFlowRun, NewTaskRun } from '../engine/engine.ts'

/** Rows that tests of the engine stand on, written without the verbs that users have for them. */

export interface TestFlow {
  readonly workspaceId: string
  readonly flowId: string
}

export async function makeFlow(db: Database): Promise<TestFlow> {
  const [accountId, workspaceId, flowId] = [uuidv7(), uuidv7(), uuidv7()]
  const handle = `t${randomUUID().slice(0, 8)}`
  await db.engine`insert into accounts (id, name, handle) values (${accountId}, ${handle}, ${handle})`
  await db.engine`insert into workspaces (id, account_id, name, handle) values (${workspaceId}, ${accountId}, 'w', 'w')`
  await db.engine`insert into flows (workspace_id, id, name) values (${workspaceId}, ${flowId}, 'flow')`
  return { workspaceId, flowId }
}

export interface TestPool {
  readonly poolId: string
  readonly queueId: string
}

/** A work pool with its default queue. */
export async function makePool(
  db: Database,
  workspaceId: string,
  name: string,
  limits: { readonly pool?: number; readonly queue?: number } = {},
): Promise<TestPool> {
  const [poolId, queueId] = [uuidv7(), uuidv7()]
  await db.engine`
    insert into work_pools (workspace_id, id, name, type, default_queue_id, concurrency_limit)
    values (${workspaceId}, ${poolId}, ${name}, 'process', ${queueId}, ${limits.pool ?? null})`
  await db.engine`
    insert into work_queues (workspace_id, id, work_pool_id, name, priority, concurrency_limit)
    values (${workspaceId}, ${queueId}, ${poolId}, 'default', 1, ${limits.queue ?? null})`
  return { poolId, queueId }
}

export async function makeQueue(
  db: Database,
  workspaceId: string,
  poolId: string,
  name: string,
  priority: number,
): Promise<string> {
  const id = uuidv7()
  await db.engine`
    insert into work_queues (workspace_id, id, work_pool_id, name, priority) values (${workspaceId}, ${id}, ${poolId}, ${name}, ${priority})`
  return id
}

export async function makeLimit(
  db: Database,
  workspaceId: string,
  name: string,
  slots: number,
  decayPerSecond = 0,
): Promise<string> {
  const id = uuidv7()
  await db.engine`
    insert into concurrency_limits (workspace_id, id, name, slot_limit, slot_decay_per_second)
    values (${workspaceId}, ${id}, ${name}, ${slots}, ${decayPerSecond})`
  return id
}

export async function makeDeployment(
  db: Database,
  { workspaceId, flowId }: TestFlow,
  more: {
    readonly name?: string
    readonly tags?: readonly string[]
    readonly queueId?: string
    readonly limitId?: string
    readonly entrypoint?: string
    readonly options?: { readonly collision_strategy?: string; readonly grace_period_seconds?: number }
  } = {},
): Promise<string> {
  const id = uuidv7()
  await db.engine`
    insert into deployments (workspace_id, id, flow_id, name, tags, work_queue_id, concurrency_limit_id, entrypoint, concurrency_options)
    values (${workspaceId}, ${id}, ${flowId}, ${more.name ?? id}, ${[...(more.tags ?? [])]}::text[], ${more.queueId ?? null},
            ${more.limitId ?? null}, ${more.entrypoint ?? null}, ${more.options ? db.engine.json(more.options) : null})`
  return id
}

/** A client whose headers say nothing: our own agent, a browser. */
export const anyClient = { apiVersion: null, clientVersion: null } as const

export const proposed = (type: StateType, more: Partial<ProposedState> = {}): ProposedState => ({
  type,
  name: defaultStateName(type),
  message: '',
  details: {},
  data: null,
  ...more,
})

export const newRun = (flow: TestFlow, more: Partial<NewFlowRun> = {}): NewFlowRun => ({
  ...flow,
  name: null,
  flowVersion: null,
  deploymentId: null,
  workPoolName: null,
  workQueueName: null,
  idempotencyKey: null,
  parentTaskRunId: null,
  parameters: '{}' as RawJson,
  context: '{}' as RawJson,
  jobVariables: null,
  empiricalPolicy: {},
  tags: [],
  labels: {},
  createdBy: null,
  state: null,
  client: anyClient,
  ...more,
})

/** Runs that are due, written straight into the table: the earliest first by their names `due-0`, `due-1`, … */
export async function makeDueRuns(
  db: Database,
  { workspaceId, flowId }: TestFlow,
  workQueueId: string,
  count: number,
): Promise<void> {
  await db.engine`
    insert into flow_runs (workspace_id, id, flow_id, name, work_queue_id, state_id, state_type, state_name, state_at, state_message,
      state_details, expected_start_at, next_scheduled_start_at)
    select ${workspaceId}, gen_random_uuid(), ${flowId}, 'due-' || i, ${workQueueId}, gen_random_uuid(), 'SCHEDULED', 'Scheduled', now(), '',
      '{}', now() - interval '1 day' + i * interval '1 millisecond', now() - interval '1 day' + i * interval '1 millisecond'
    from generate_series(0, ${count} - 1) i`
}

export const newTaskRun = (
  { workspaceId }: Pick<TestFlow, 'workspaceId'>,
  flowRunId: string | null,
  more: Partial<NewTaskRun> = {},
): NewTaskRun => ({
  workspaceId,
  id: null,
  flowRunId,
  taskKey: 'task',
  dynamicKey: '0',
  name: null,
  taskVersion: null,
  cacheKey: null,
  cacheExpirationMicros: null,
  empiricalPolicy: {},
  tags: [],
  labels: {},
  taskInputs: '{}' as RawJson,
  state: null,
  client: anyClient,
  ...more,
})
