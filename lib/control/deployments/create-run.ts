import type { Transaction } from '../../db/clients.ts'
import type { DeploymentRow, VersionInfo } from '../../db/rows/deployment.ts'
import { versionInfo } from '../../db/rows/deployment-version.ts'
import type { FlowRunRow } from '../../db/rows/flow-run.ts'
import type { WorkQueueRow } from '../../db/rows/work-queue.ts'
import { inWorkspace } from '../../db/scope.ts'
import type { ClientView, EmpiricalPolicy, ProposedState } from '../../domain/orchestration/decide.ts'
import { mergeJson } from '../../domain/parameters/merge.ts'
import { BadInput, Conflict, Problem } from '../../domain/problem.ts'
import type { RawJson } from '../../domain/state.ts'
import type { Created, Engine } from '../../engine/engine.ts'
import { type Context, requireScope } from '../context.ts'
import { creatorOf } from '../creator.ts'
import { recordObjectEvent } from '../events/record-object-event.ts'
import { requireValid } from '../parameters/check-parameters.ts'
import { hydrateParameters } from '../parameters/hydrate-parameters.ts'
import { validateJobVariables } from '../parameters/validate-job-variables.ts'
import { requireStorable } from '../storable-json.ts'
import { type QueueOfPool, resolveQueue } from '../work-queues/resolve-queue.ts'
import { workQueueEvent } from '../work-queues/work-queue-event.ts'
import { deploymentById } from './read-deployment.ts'

/** What one run of a deployment has of its own. */
export interface RunRequest {
  readonly name: string | null
  readonly state: ProposedState | null
  readonly parameters: RawJson
  /** null: as the deployment says. */
  readonly enforceParameterSchema: boolean | null
  readonly context: RawJson
  readonly tags: readonly string[]
  readonly labels: Readonly<Record<string, unknown>>
  readonly idempotencyKey: string | null
  readonly parentTaskRunId: string | null
  readonly workQueueName: string | null
  readonly jobVariables: RawJson | null
  readonly empiricalPolicy: EmpiricalPolicy
  readonly infrastructureDocumentId: string | null
}

const DOING = 'Error creating flow run'
const now: ProposedState = { type: 'SCHEDULED', name: 'Scheduled', message: '', details: {}, data: null }

/**
 * A run of a deployment, scheduled for now unless its state says otherwise; one whose idempotency key is there already is answered
 * as it stands. Throws NotFound, Conflict for values that do not fit their schema, BadInput.
 */
export async function createRun(
  ctx: Context,
  engine: Engine,
  deploymentId: string,
  request: RunRequest,
  client: ClientView,
): Promise<Created<FlowRunRow>> {
  const [result] = await createRuns(ctx, engine, deploymentId, [request], client)
  if (!result || result instanceof Error) throw result
  return result
}

/** Several runs of a deployment, in their order: each is made, or told why not. Throws NotFound. */
export async function createRuns(
  ctx: Context,
  engine: Engine,
  deploymentId: string,
  requests: readonly RunRequest[],
  client: ClientView,
): Promise<readonly (Created<FlowRunRow> | Problem)[]> {
  requireScope(ctx, 'run_deployments')
  const { workspaceId } = ctx
  const queuesMade: WorkQueueRow[] = []
  const planned = await inWorkspace(ctx.db, workspaceId, async (sql) => {
    const deployment = await deploymentById(sql, workspaceId, deploymentId)
    const plans: (Planned | Problem)[] = []
    for (const request of requests)
      plans.push(await orProblem(() => plan(sql, ctx, deployment, request, queuesMade)))
    return { plans, info: await readVersionInfo(sql, workspaceId, deployment) }
  })
  for (const queue of queuesMade) await recordObjectEvent(ctx, engine, workQueueEvent('created', queue))
  return Promise.all(
    planned.plans.map((its) =>
      its instanceof Problem
        ? its
        : orProblem(async () => {
            const { created, row } = await engine.createFlowRun(newRun(ctx, its, client))
            // One that was there already was read with its own.
            return { created, row: created ? { ...row, deploymentVersionInfo: planned.info } : row }
          }),
    ),
  )
}

/** What the runs of a deployment tell of its version; mostly the deployment says it. */
async function readVersionInfo(
  sql: Transaction,
  workspaceId: string,
  { id, version, versionId, versionInfo: told }: DeploymentRow,
): Promise<VersionInfo | null> {
  if (versionId === null) return null
  if (told !== null) return told
  if (version !== null) return { type: 'prefect:simple', version }
  const [row] = await sql<{ info: VersionInfo }[]>`
    select ${versionInfo(sql)} as info from deployment_versions v
    where v.workspace_id = ${workspaceId} and v.deployment_id = ${id} and v.id = ${versionId}`
  return row?.info ?? null
}

const orProblem = async <Result>(work: () => Promise<Result>): Promise<Result | Problem> =>
  work().catch((error: unknown) => {
    if (error instanceof Problem) return error
    throw error
  })

async function plan(
  sql: Transaction,
  ctx: Context,
  deployment: DeploymentRow,
  request: RunRequest,
  queuesMade: WorkQueueRow[],
): Promise<Planned> {
  requireStorable(request.parameters, 'Parameters')
  requireStorable(request.jobVariables, 'Job variables')
  requireStorable(request.context, 'A context')
  if (deployment.disabled)
    throw new Conflict(`The deployment ${deployment.name} is disabled. Enable it before you run it.`)
  const parameters = await hydrateParameters(
    sql,
    ctx.workspaceId,
    mergeJson(deployment.parameters, request.parameters),
  )
  const schema = deployment.parameterOpenapiSchema
  if (schema && (request.enforceParameterSchema ?? deployment.enforceParameterSchema))
    requireValid({ doing: DOING, noun: 'parameter', schema, values: parameters })
  const { workPoolName } = deployment
  if (request.workQueueName !== null && workPoolName === null) {
    throw new BadInput(
      `The run cannot be put into the work queue ${request.workQueueName}, since its deployment has no work pool.`,
      { status: 400 },
    )
  }
  const queue =
    request.workQueueName === null
      ? null
      : await resolveQueue(sql, ctx, workPoolName, request.workQueueName, queuesMade)
  if (request.jobVariables && workPoolName !== null) {
    const pool = queue ?? (await resolveQueue(sql, ctx, workPoolName, null, queuesMade))
    if (pool)
      validateJobVariables(
        DOING,
        pool.baseJobTemplate,
        mergeJson(deployment.jobVariables, request.jobVariables),
      )
  }
  return { deployment, request, parameters, queue }
}

interface Planned {
  readonly deployment: DeploymentRow
  readonly request: RunRequest
  readonly parameters: RawJson
  readonly queue: QueueOfPool | null
}

const newRun = (ctx: Context, { deployment, request, parameters, queue }: Planned, client: ClientView) => ({
  workspaceId: ctx.workspaceId,
  flowId: deployment.flowId,
  name: request.name,
  flowVersion: null,
  deploymentId: deployment.id,
  deploymentVersion: deployment.version,
  deploymentVersionId: deployment.versionId,
  workPoolName: deployment.workPoolName,
  workQueueId: queue?.id ?? deployment.workQueueId,
  workQueueName: queue?.name ?? deployment.workQueueName,
  infrastructureDocumentId: request.infrastructureDocumentId ?? deployment.infrastructureDocumentId,
  idempotencyKey: request.idempotencyKey,
  parentTaskRunId: request.parentTaskRunId,
  parameters,
  context: request.context,
  jobVariables: request.jobVariables,
  empiricalPolicy: request.empiricalPolicy,
  tags: [...new Set([...deployment.tags, ...request.tags])],
  labels: { ...deployment.labels, ...request.labels },
  createdBy: creatorOf(ctx.actor),
  state: request.state ?? now,
  client,
})
