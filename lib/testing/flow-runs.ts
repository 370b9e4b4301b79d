import { randomUUID } from 'node:crypto'
import type { Database } from '../db/clients.ts'
import { uuidv7 } from '../db/uuid.ts'
import type { ProposedState } from '../domain/orchestration/decide.ts'
import type { RawJson, StateType } from '../domain/state.ts'
import { defaultStateName } from '../domain/state.ts'
import type { NewFlowRun, NewTaskRun } from '../engine/engine.ts'

/** Tenants and runs for tests that talk to the engine, below the API. */

export const anyClient = { apiVersion: null, clientVersion: null } as const

export interface FlowOfTest {
  readonly workspaceId: string
  readonly flowId: string
}

/** An account with a workspace that has one flow. */
export async function makeFlow(db: Database): Promise<FlowOfTest> {
  const [accountId, workspaceId, flowId] = [uuidv7(), uuidv7(), uuidv7()]
  const handle = `t${randomUUID().slice(0, 12)}`
  await db.engine`insert into accounts (id, name, handle) values (${accountId}, ${handle}, ${handle})`
  await db.engine`insert into workspaces (id, account_id, name, handle) values (${workspaceId}, ${accountId}, 'w', 'w')`
  await db.engine`insert into flows (workspace_id, id, name) values (${workspaceId}, ${flowId}, 'flow')`
  return { workspaceId, flowId }
}

export const stateOf = (type: StateType, more: Partial<ProposedState> = {}): ProposedState => ({
  type,
  name: defaultStateName(type),
  message: '',
  details: {},
  data: null,
  ...more,
})

export const newFlowRun = (flow: FlowOfTest, more: Partial<NewFlowRun> = {}): NewFlowRun => ({
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

export const newTaskRun = (flowRunId: string, flow: FlowOfTest, dynamicKey = '0'): NewTaskRun => ({
  workspaceId: flow.workspaceId,
  id: null,
  flowRunId,
  taskKey: 'task',
  dynamicKey,
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
})
