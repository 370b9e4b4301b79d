import type { DeploymentRow } from '../../db/rows/deployment.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Context } from '../context.ts'
import { createDeployment } from './create-deployment.ts'
import type { DeploymentChanges } from './deployment-changes.ts'
import { readDeployment } from './read-deployment.ts'

export interface Branching {
  readonly id: string
  readonly branch: string
  readonly schedules: 'keep' | 'remove' | 'inactive'
  /** What the branch does differently. */
  readonly overrides: DeploymentChanges
}

/** A copy of a deployment for a branch of its code, named after both. The branch that is there already is brought up to date. Throws NotFound. */
export async function branchDeployment(
  ctx: Context,
  engine: Engine,
  { id, branch, schedules, overrides }: Branching,
): Promise<DeploymentRow> {
  const from = await readDeployment(ctx, id)
  // What names may not hold is common in the names of branches.
  const name = `${from.name}@${branch.replace(/[/%&<>]/g, '-')}`
  const { row } = await createDeployment(ctx, engine, {
    version: from.version,
    versionInfo: from.versionInfo,
    description: from.description,
    tags: from.tags,
    labels: from.labels,
    parameters: from.parameters,
    parameterSchema: from.parameterOpenapiSchema,
    enforceParameterSchema: from.enforceParameterSchema,
    entrypoint: from.entrypoint,
    path: from.path,
    manifestPath: from.manifestPath,
    pullSteps: from.pullSteps,
    storageDocumentId: from.storageDocumentId,
    infrastructureDocumentId: from.infrastructureDocumentId,
    jobVariables: from.jobVariables,
    workPoolName: from.workPoolName,
    workQueueName: from.workQueueName,
    concurrencyOptions: from.concurrencyOptions,
    schedules:
      schedules === 'remove'
        ? []
        : from.schedules.map((schedule) => ({
            schedule: schedule.schedule,
            active: schedule.active && schedules === 'keep',
            parameters: schedule.parameters,
            maxScheduledRuns: schedule.maxScheduledRuns,
            slug: schedule.slug,
            catchUp: schedule.catchUp,
          })),
    ...overrides,
    flowId: from.flowId,
    name: name.slice(0, 500),
    branch,
    base: from.id,
    root: from.root ?? from.id,
  })
  return row
}
