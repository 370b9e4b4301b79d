import { z } from 'zod'
import { rawMember } from '../../domain/raw-json.ts'
import type { RawJson } from '../../domain/state.ts'
import { proposedState } from '../flow-runs/proposal.ts'
import { orchestrationAnswer, taskRunAnswer } from '../flow-runs/responses.ts'
import { rawStateData, setStateBody, stateProposal, transitionAnswer } from '../flow-runs/write-routes.ts'
import { route } from '../route.ts'
import { instant, labels, stateCreate, tags, taskRunPolicy, uuid } from '../schemas.ts'
import { taskRunJson } from './wire.ts'

const taskRunCreate = z.looseObject({
  id: uuid.optional(),
  name: z.string().min(1).max(2_000).optional(),
  flow_run_id: uuid.optional(),
  task_key: z.string().max(2_000),
  dynamic_key: z.union([z.string().max(2_000), z.number().transform(String)]),
  cache_key: z.string().max(2_000).optional(),
  cache_expiration: instant.optional(),
  task_version: z.string().max(1_000).optional(),
  empirical_policy: taskRunPolicy.optional(),
  tags: tags.optional(),
  labels: labels.optional(),
  task_inputs: z.record(z.string(), z.array(z.record(z.string(), z.unknown())).max(10_000)).optional(),
  state: stateCreate.optional(),
})

const createTaskRun = route({
  method: 'POST',
  path: '/task_runs/',
  permission: { in: 'workspace', scope: 'run_flows' },
  summary: 'Create a task run',
  tag: 'Task runs',
  body: taskRunCreate,
  success: { 201: taskRunAnswer, 200: taskRunAnswer },
  errors: [409],
  handle: async ({ body, rawBody, workspaceId, services, client }) => {
    const { created, row } = await services.engine.createTaskRun({
      workspaceId,
      id: body.id ?? null,
      flowRunId: body.flow_run_id ?? null,
      taskKey: body.task_key,
      dynamicKey: body.dynamic_key,
      name: body.name ?? null,
      taskVersion: body.task_version ?? null,
      cacheKey: body.cache_key ?? null,
      cacheExpirationMicros: body.cache_expiration ?? null,
      empiricalPolicy: body.empirical_policy ?? {},
      tags: [...new Set(body.tags)],
      labels: body.labels ?? {},
      taskInputs: (body.task_inputs && rawMember(rawBody, 'task_inputs')) ?? ('{}' as RawJson),
      state: body.state ? proposedState(body.state, rawStateData(body.state, rawBody)) : null,
      client,
    })
    return { status: created ? 201 : 200, rawJson: taskRunJson(row, services.nowMicros()) }
  },
})

const setTaskRunState = route({
  method: 'POST',
  path: '/task_runs/{id}/set_state',
  permission: { in: 'workspace', scope: 'run_flows' },
  summary: 'Propose a state for a task run that the server orchestrates',
  tag: 'Task runs',
  body: setStateBody,
  success: { 201: orchestrationAnswer, 200: orchestrationAnswer },
  errors: [404],
  handle: async (call) =>
    transitionAnswer(await call.services.engine.setTaskRunState(stateProposal(call), call.gone)),
})

export const taskRunWriteRoutes = [createTaskRun, setTaskRunState]
