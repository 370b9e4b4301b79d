import { z } from 'zod'
import { createRun, createRuns, type RunRequest } from '../../control/deployments/create-run.ts'
import { listScheduledRuns } from '../../control/deployments/list-scheduled-runs.ts'
import { readDeployment } from '../../control/deployments/read-deployment.ts'
import {
  disableDeployment,
  enableDeployment,
  pauseDeployment,
  resumeDeployment,
} from '../../control/deployments/switch-deployment.ts'
import { readWorkQueue } from '../../control/work-queues/read-work-queue.ts'
import { Problem } from '../../domain/problem.ts'
import { rawItems, rawMember } from '../../domain/raw-json.ts'
import type { RawJson } from '../../domain/state.ts'
import { limit, limitOf } from '../filters/paging.ts'
import { proposedState } from '../flow-runs/proposal.ts'
import { flowRunAnswer } from '../flow-runs/responses.ts'
import { flowRunJson } from '../flow-runs/wire.ts'
import { rawStateData } from '../flow-runs/write-routes.ts'
import { route } from '../route.ts'
import { flowRunPolicy, instant, jsonObject, labels, stateCreate, tags, uuid } from '../schemas.ts'
import { workQueueAnswer, workQueueJson } from '../work-queues/wire.ts'

const tag = 'Deployments'
const run = { in: 'workspace', scope: 'run_deployments' } as const
const write = { in: 'workspace', scope: 'write_deployments' } as const
const byId = z.object({ id: uuid })
const EMPTY = '{}' as RawJson

const runCreate = z
  .object({
    state: stateCreate.nullish(),
    name: z.string().min(1).max(1_000).nullish(),
    parameters: jsonObject.nullish(),
    enforce_parameter_schema: z.boolean().nullish(),
    context: jsonObject.nullish(),
    infrastructure_document_id: uuid.nullish(),
    empirical_policy: flowRunPolicy.nullish(),
    tags: tags.nullish(),
    idempotency_key: z.string().max(2_000).nullish(),
    labels: labels.nullish(),
    parent_task_run_id: uuid.nullish(),
    work_queue_name: z.string().min(1).max(500).nullish(),
    job_variables: jsonObject.nullish(),
  })
  .meta({ id: 'DeploymentFlowRunCreate' })

/** `raw` is the exact text of the body. */
const runRequest = (body: z.output<typeof runCreate>, raw: string): RunRequest => ({
  name: body.name ?? null,
  state: body.state ? proposedState(body.state, rawStateData(body.state, raw)) : null,
  parameters: (body.parameters && rawMember(raw, 'parameters')) || EMPTY,
  enforceParameterSchema: body.enforce_parameter_schema ?? null,
  context: (body.context && rawMember(raw, 'context')) || EMPTY,
  tags: body.tags ?? [],
  labels: body.labels ?? {},
  idempotencyKey: body.idempotency_key ?? null,
  parentTaskRunId: body.parent_task_run_id ?? null,
  workQueueName: body.work_queue_name ?? null,
  jobVariables: (body.job_variables && rawMember(raw, 'job_variables')) || null,
  empiricalPolicy: body.empirical_policy ?? {},
  infrastructureDocumentId: body.infrastructure_document_id ?? null,
})

const createFlowRun = route({
  method: 'POST',
  path: '/deployments/{id}/create_flow_run',
  permission: run,
  summary: 'Run a deployment, now or later',
  tag,
  params: byId,
  body: runCreate,
  bodyOptional: true,
  success: { 201: flowRunAnswer, 200: flowRunAnswer },
  errors: [400, 409],
  handle: async ({ ctx, params, body, rawBody, services, client }) => {
    const { created, row } = await createRun(
      ctx,
      services.engine,
      params.id,
      runRequest(body, rawBody),
      client,
    )
    return { status: created ? 201 : 200, rawJson: flowRunJson(row, services.nowMicros()) }
  },
})

const createFlowRuns = route({
  method: 'POST',
  path: '/deployments/{id}/create_flow_run/bulk',
  permission: run,
  summary: 'Run a deployment up to 100 times; each is made, or told why not',
  tag,
  params: byId,
  body: z.array(runCreate).max(100),
  success: {
    200: z.object({
      results: z.array(
        z.object({
          flow_run_id: z.uuid().nullable(),
          status: z.enum(['CREATED', 'FAILED']),
          error: z.string().nullable(),
        }),
      ),
    }),
  },
  handle: async ({ ctx, params, body, rawBody, services, client }) => {
    const raw = rawItems(rawBody)
    const requests = body.map((item, i) => runRequest(item, raw[i] ?? EMPTY))
    const results = await createRuns(ctx, services.engine, params.id, requests, client)
    return {
      status: 200,
      json: {
        results: results.map((result) =>
          result instanceof Problem
            ? { flow_run_id: null, status: 'FAILED', error: result.message }
            : { flow_run_id: result.row.id, status: 'CREATED', error: null },
        ),
      },
    }
  },
})

const getScheduledFlowRuns = route({
  method: 'POST',
  path: '/deployments/get_scheduled_flow_runs',
  permission: run,
  summary: 'List the runs of deployments that are due, for whoever serves them',
  tag,
  body: z.object({ deployment_ids: z.array(uuid).max(10_000), scheduled_before: instant.optional(), limit }),
  success: { 200: z.array(flowRunAnswer) },
  handle: async ({ ctx, body, services }) => {
    const nowMicros = services.nowMicros()
    const rows = await listScheduledRuns(ctx, services.work.polls, {
      deploymentIds: body.deployment_ids,
      beforeMicros: body.scheduled_before ?? nowMicros,
      limit: limitOf(body.limit),
    })
    return { status: 200, rawJson: `[${rows.map((row) => flowRunJson(row, nowMicros)).join(',')}]` }
  },
})

const switches = [
  ['pause_deployment', 'Pause a deployment: its schedules make no more runs', pauseDeployment],
  ['resume_deployment', 'Let the schedules of a deployment make runs again', resumeDeployment],
  ['set_schedule_inactive', 'Pause a deployment, as clients 2.x call it', pauseDeployment],
  ['set_schedule_active', 'Resume a deployment, as clients 2.x call it', resumeDeployment],
  ['disable', 'Disable a deployment: nothing runs it', disableDeployment],
  ['enable', 'Enable a deployment that was disabled', enableDeployment],
] as const
const switchRoutes = switches.map(([name, summary, verb]) =>
  route({
    method: 'POST',
    path: `/deployments/{id}/${name}`,
    permission: write,
    summary,
    tag,
    params: byId,
    success: { 200: z.null() },
    handle: async ({ ctx, params, services }) => {
      await verb(ctx, services.engine, params.id)
      return { status: 200, rawJson: 'null' }
    },
  }),
)

const workQueueCheck = route({
  method: 'GET',
  path: '/deployments/{id}/work_queue_check',
  permission: { in: 'workspace', scope: 'see_deployments' },
  summary: 'List the work queues that runs of a deployment wait in',
  tag,
  params: byId,
  success: { 200: z.array(workQueueAnswer) },
  handle: async ({ ctx, params }) => {
    const { workQueueId } = await readDeployment(ctx, params.id)
    const queues = workQueueId === null ? [] : [await readWorkQueue(ctx, { id: workQueueId })]
    return { status: 200, rawJson: `[${queues.map(workQueueJson).join(',')}]` }
  },
})

export const deploymentRunRoutes = [
  createFlowRun,
  createFlowRuns,
  getScheduledFlowRuns,
  ...switchRoutes,
  workQueueCheck,
]
