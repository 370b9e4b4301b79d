import type { Transaction } from '../../db/clients.ts'
import type { DeploymentRow } from '../../db/rows/deployment.ts'
import type { WorkQueueRow } from '../../db/rows/work-queue.ts'
import { BadInput, Conflict } from '../../domain/problem.ts'
import type { RawJson } from '../../domain/state.ts'
import { formatInstant } from '../../domain/time.ts'
import type { Context } from '../context.ts'
import { creatorOf } from '../creator.ts'
import { requireUsableSchema, requireValid } from '../parameters/check-parameters.ts'
import { hydrateParameters } from '../parameters/hydrate-parameters.ts'
import { validateJobVariables } from '../parameters/validate-job-variables.ts'
import { requireFitting, withOtherParameters } from '../schedules/check-schedules.ts'
import type { ReadSchedule } from '../schedules/schedule-input.ts'
import { takeBackRuns } from '../schedules/take-back-runs.ts'
import { lockSchedules, patchSchedules, replaceSchedules } from '../schedules/write-schedules.ts'
import { requireStorable } from '../storable-json.ts'
import { type QueueOfPool, resolveQueue } from '../work-queues/resolve-queue.ts'
import type { DeploymentChanges } from './deployment-changes.ts'
import { deploymentById } from './read-deployment.ts'
import { shareLimit, writeOwnLimit } from './write-limit.ts'
import { writeVersion } from './write-version.ts'

export interface Writing {
  readonly id: string
  readonly changes: DeploymentChanges
  /** `changes.schedules`, read. */
  readonly schedules: readonly ReadSchedule[] | null
  /** Whether schedules that are not named go, or stay where all have slugs. */
  readonly schedulesAre: 'replaced' | 'patched'
  /** How refusals begin: `Error updating deployment`. */
  readonly doing: string
}

export interface Written {
  readonly before: DeploymentRow
  readonly after: DeploymentRow
  /** Scheduled runs that are gone. */
  readonly takenBack: readonly string[]
  /** Work queues that were named and not there. */
  readonly queuesMade: readonly WorkQueueRow[]
}

/** What can be said of the changes without looking at the deployment. Throws BadInput. */
export function checkChanges({ parameterSchema, ...changes }: DeploymentChanges): void {
  if (changes.concurrencyLimit !== undefined && changes.globalConcurrencyLimitId !== undefined) {
    throw new BadInput(
      'Give either concurrency_limit, for a limit of the deployment’s own, or global_concurrency_limit_id, to share one.',
    )
  }
  if (parameterSchema) requireUsableSchema(parameterSchema)
  requireStorable(changes.parameters, 'Parameters')
  requireStorable(changes.jobVariables, 'Job variables')
  requireStorable(changes.pullSteps, 'Pull steps')
}

/**
 * Writes changes to a deployment that is there, its limit, schedules and version with it, and takes back the runs that its
 * schedules made before. Whoever writes it at the same time waits.
 */
export async function writeDeployment(sql: Transaction, ctx: Context, writing: Writing): Promise<Written> {
  const { workspaceId } = ctx
  const { id, changes, schedules, doing } = writing
  const nowMicros = ctx.nowMicros()
  const of = { workspaceId, deploymentId: id, nowMicros }
  // Not `for update`: that would hold up the making of its runs.
  await sql`select id from deployments where workspace_id = ${workspaceId} and id = ${id} for no key update`
  const before = await deploymentById(sql, workspaceId, id)
  const queuesMade: WorkQueueRow[] = []
  const queue = await queueAfter(sql, ctx, before, changes, queuesMade)
  const parameters = changes.parameters && (await hydrateParameters(sql, workspaceId, changes.parameters))
  const runsIn = queue === undefined && changes.jobVariables ? await poolOf(sql, ctx, before) : queue
  checkValues(doing, before, { ...changes, ...(parameters ? { parameters } : {}) }, runsIn)
  await requireDocuments(sql, workspaceId, changes)

  const old = await lockSchedules(sql, of)
  if (schedules) {
    await (writing.schedulesAre === 'replaced' ? replaceSchedules : patchSchedules)(sql, of, old, schedules)
  }
  const isPaused = changes.paused ?? before.paused
  const isDisabled = changes.disabled ?? before.disabled
  const takenBack = await takeBackRuns(sql, {
    ...of,
    overdueOf: isPaused || isDisabled ? 'all' : await gone(sql, of, old),
    isScheduling: !isPaused && !isDisabled,
  })
  await updateRow(sql, ctx, writing, parameters, queue)
  // After the runs: what takes slots locks runs first and limits after them.
  if (changes.concurrencyLimit !== undefined)
    await writeOwnLimit(sql, workspaceId, id, changes.concurrencyLimit)
  if (changes.globalConcurrencyLimitId !== undefined)
    await shareLimit(sql, workspaceId, id, changes.globalConcurrencyLimitId)
  await writeVersion(sql, workspaceId, id, creatorOf(ctx.actor))
  const after = await deploymentById(sql, workspaceId, id)
  const isWhole = schedules !== null && writing.schedulesAre === 'replaced'
  requireFitting(
    doing,
    after,
    isWhole ? after.schedules : withOtherParameters(before.schedules, after.schedules),
  )
  return { before, after, takenBack, queuesMade }
}

/** Schedules that were there and are not, or are switched off now. */
async function gone(
  sql: Transaction,
  of: { readonly workspaceId: string; readonly deploymentId: string },
  old: readonly { readonly id: string }[],
): Promise<readonly string[]> {
  if (old.length === 0) return []
  const left = await sql<{ id: string }[]>`
    select id from deployment_schedules
    where workspace_id = ${of.workspaceId} and deployment_id = ${of.deploymentId} and active`
  const active = new Set(left.map((row) => row.id))
  return old.map((row) => row.id).filter((id) => !active.has(id))
}

/** undefined: it stays as it is. */
async function queueAfter(
  sql: Transaction,
  ctx: Context,
  before: DeploymentRow,
  { workPoolName, workQueueName }: DeploymentChanges,
  made: WorkQueueRow[],
): Promise<QueueOfPool | null | undefined> {
  if (workPoolName === undefined && workQueueName === undefined) return undefined
  // A queue that is named without a pool is one of the pool that is there.
  const pool = workPoolName === undefined ? before.workPoolName : workPoolName
  return resolveQueue(sql, ctx, pool, workQueueName ?? null, made)
}

/** The pool that the deployment stays in: what its runs get is held against it, whoever names it. */
const poolOf = async (sql: Transaction, ctx: Context, { workPoolName }: DeploymentRow) =>
  workPoolName === null ? null : resolveQueue(sql, ctx, workPoolName, null, [])

function checkValues(
  doing: string,
  before: DeploymentRow,
  changes: DeploymentChanges,
  queue: QueueOfPool | null | undefined,
): void {
  const schema =
    changes.parameterSchema === undefined ? before.parameterOpenapiSchema : changes.parameterSchema
  const enforce = changes.enforceParameterSchema ?? before.enforceParameterSchema
  if (schema && enforce && changes.parameters) {
    requireValid({ doing, noun: 'parameter', schema, values: changes.parameters, ignoreRequired: true })
  }
  if (queue && (changes.jobVariables ?? before.jobVariables) !== '{}')
    validateJobVariables(doing, queue.baseJobTemplate, changes.jobVariables ?? before.jobVariables)
}

async function requireDocuments(
  sql: Transaction,
  workspaceId: string,
  { storageDocumentId, infrastructureDocumentId }: DeploymentChanges,
): Promise<void> {
  const wanted = Object.entries({ storage: storageDocumentId, infrastructure: infrastructureDocumentId })
  for (const [kind, id] of wanted) {
    if (!id) continue
    const [found] =
      await sql`select id from block_documents where workspace_id = ${workspaceId} and id = ${id}`
    if (!found)
      throw new Conflict(
        `Error creating deployment. Could not find ${kind} block with id: ${id}. Create the block before deploying.`,
      )
  }
}

async function updateRow(
  sql: Transaction,
  ctx: Context,
  { id, changes }: Writing,
  parameters: RawJson | undefined,
  queue: QueueOfPool | null | undefined,
): Promise<void> {
  const set = (column: string, value: string | boolean | null | undefined) =>
    value === undefined ? sql`` : sql`, ${sql(column)} = ${value}`
  const setJson = (column: string, value: RawJson | null | undefined) =>
    value === undefined ? sql`` : sql`, ${sql(column)} = ${value}::text::json`
  const setJsonb = (column: string, value: unknown) =>
    value === undefined
      ? sql``
      : sql`, ${sql(column)} = ${value === null ? null : JSON.stringify(value)}::text::jsonb`
  await sql`
    update deployments set
      updated_at = ${formatInstant(ctx.nowMicros())}, updated_by = ${JSON.stringify(creatorOf(ctx.actor))}::text::jsonb
      ${set('version', changes.version)} ${setJsonb('version_info', changes.versionInfo)}
      ${set('description', changes.description)} ${set('paused', changes.paused)} ${set('disabled', changes.disabled)}
      ${changes.tags === undefined ? sql`` : sql`, tags = ${[...new Set(changes.tags)]}::text[]`}
      ${setJsonb('labels', changes.labels)}
      ${setJson('parameters', parameters)} ${setJson('parameter_openapi_schema', changes.parameterSchema)}
      ${set('enforce_parameter_schema', changes.enforceParameterSchema)}
      ${set('entrypoint', changes.entrypoint)} ${set('path', changes.path)} ${set('manifest_path', changes.manifestPath)}
      ${setJson('pull_steps', changes.pullSteps)} ${setJson('job_variables', changes.jobVariables)}
      ${set('storage_document_id', changes.storageDocumentId)}
      ${set('infrastructure_document_id', changes.infrastructureDocumentId)}
      ${queue === undefined ? sql`` : sql`, work_queue_id = ${queue?.id ?? null}`}
      ${setJsonb('concurrency_options', changes.concurrencyOptions)}
      ${set('branch', changes.branch)} ${set('base', changes.base)} ${set('root', changes.root)}
    where workspace_id = ${ctx.workspaceId} and id = ${id}`
}
