import { z } from 'zod'
import type { Verdict } from '../../domain/orchestration/decide.ts'
import { rawMember } from '../../domain/raw-json.ts'
import type { RawJson } from '../../domain/state.ts'
import type { StateProposal, TaskStateProposal, TransitionResult } from '../../engine/engine.ts'
import { type Answer, type Call, route } from '../route.ts'
import { flowRunPolicy, jsonObject, labels, stateCreate, tags, uuid } from '../schemas.ts'
import { proposedState } from './proposal.ts'
import { flowRunAnswer, orchestrationAnswer } from './responses.ts'
import { flowRunJson, stateJson } from './wire.ts'

const EMPTY = '{}' as RawJson

/** Two megabytes of parameters are legal; see the limits in the README. */
const RUN_MAX_BYTES = 5 * 1024 * 1024

const flowRunCreate = z.object({
  flow_id: uuid,
  name: z.string().min(1).max(1_000).optional(),
  flow_version: z.string().max(1_000).optional(),
  parameters: jsonObject.optional(),
  context: jsonObject.optional(),
  parent_task_run_id: uuid.optional(),
  empirical_policy: flowRunPolicy.optional(),
  tags: tags.optional(),
  labels: labels.optional(),
  idempotency_key: z.string().max(2_000).optional(),
  deployment_id: uuid.optional(),
  work_pool_name: z.string().max(500).optional(),
  work_queue_name: z.string().max(500).optional(),
  job_variables: jsonObject.optional(),
  state: stateCreate.optional(),
})

const createFlowRun = route({
  method: 'POST',
  path: '/flow_runs/',
  permission: { in: 'workspace', scope: 'run_flows' },
  summary: 'Create a flow run',
  tag: 'Flow runs',
  body: flowRunCreate,
  maxBytes: RUN_MAX_BYTES,
  success: { 201: flowRunAnswer, 200: flowRunAnswer },
  errors: [404, 409],
  handle: async ({ body, rawBody, workspaceId, services, client }) => {
    const { created, row } = await services.engine.createFlowRun({
      workspaceId,
      flowId: body.flow_id,
      name: body.name ?? null,
      flowVersion: body.flow_version ?? null,
      deploymentId: body.deployment_id ?? null,
      workPoolName: body.work_pool_name ?? null,
      workQueueName: body.work_queue_name ?? null,
      idempotencyKey: body.idempotency_key ?? null,
      parentTaskRunId: body.parent_task_run_id ?? null,
      parameters: (body.parameters && rawMember(rawBody, 'parameters')) ?? EMPTY,
      context: (body.context && rawMember(rawBody, 'context')) ?? EMPTY,
      jobVariables: (body.job_variables && rawMember(rawBody, 'job_variables')) ?? null,
      empiricalPolicy: body.empirical_policy ?? {},
      tags: [...new Set(body.tags)],
      labels: body.labels ?? {},
      createdBy: null,
      state: body.state ? proposedState(body.state, rawStateData(body.state, rawBody)) : null,
      client,
    })
    return { status: created ? 201 : 200, rawJson: flowRunJson(row, services.nowMicros()) }
  },
})

/** Most states carry no data; only then is the body searched for its exact text. */
export const rawStateData = (state: { data?: unknown }, rawBody: string): RawJson | undefined =>
  state.data === undefined || state.data === null ? undefined : rawMember(rawBody, 'state', 'data')

export const setStateBody = z.object({ state: stateCreate, force: z.boolean().optional() })

/** What a set_state request asks the engine for; the same for flow runs and task runs. */
export const stateProposal = ({
  body,
  rawBody,
  params,
  workspaceId,
  client,
}: Pick<
  Call<unknown, unknown, z.output<typeof setStateBody>>,
  'body' | 'rawBody' | 'params' | 'workspaceId' | 'client'
>): StateProposal & TaskStateProposal => ({
  workspaceId,
  // Safe: the router matched it as a UUID.
  runId: (params as { id: string }).id.toLowerCase(),
  state: proposedState(body.state, rawStateData(body.state, rawBody)),
  policy: body.force ? 'minimal' : 'core',
  client,
})

const setFlowRunState = route({
  method: 'POST',
  path: '/flow_runs/{id}/set_state',
  permission: { in: 'workspace', scope: 'run_flows' },
  summary: 'Propose a state for a flow run',
  tag: 'Flow runs',
  body: setStateBody,
  success: { 201: orchestrationAnswer, 200: orchestrationAnswer },
  errors: [404],
  handle: async (call) => transitionAnswer(await call.services.engine.setFlowRunState(stateProposal(call))),
})

/** All four verdicts are successes; 201 says that a state was written just now. */
export function transitionAnswer(
  result: TransitionResult,
  detailsType = detailsTypes[result.verdict],
): Answer {
  const state = result.state === null ? 'null' : stateJson(result.state)
  return {
    status: result.written ? 201 : 200,
    rawJson: `{"state":${state},"status":"${result.verdict}","details":${details(result, detailsType)}}`,
  }
}

const detailsTypes = {
  ACCEPT: 'accept_details',
  REJECT: 'reject_details',
  ABORT: 'abort_details',
  WAIT: 'wait_details',
} as const satisfies Record<Verdict, string>

function details(
  { verdict, reason, delaySeconds }: TransitionResult,
  type: (typeof detailsTypes)[Verdict],
): string {
  switch (verdict) {
    case 'ACCEPT':
      return `{"type":"${type}"}`
    case 'REJECT':
    case 'ABORT':
      return `{"type":"${type}","reason":${JSON.stringify(reason)}}`
    case 'WAIT':
      return `{"type":"${type}","delay_seconds":${delaySeconds},"reason":${JSON.stringify(reason)}}`
  }
}

export const flowRunWriteRoutes = [createFlowRun, setFlowRunState]
