import type { Transaction } from '../../db/clients.ts'
import { inWorkspace } from '../../db/scope.ts'
import type { EmpiricalPolicy } from '../../domain/orchestration/decide.ts'
import { mergeJson } from '../../domain/parameters/merge.ts'
import { BadInput, NotFound } from '../../domain/problem.ts'
import type { RawJson } from '../../domain/state.ts'
import { type Context, requireScope } from '../context.ts'
import { validateJobVariables } from '../parameters/validate-job-variables.ts'
import { requireStorable } from '../storable-json.ts'

/** Absent members are left as they are; null is a value. */
export interface FlowRunChanges {
  readonly id: string
  readonly name?: string
  readonly flowVersion?: string | null
  readonly parameters?: RawJson
  /** Clients send all that they know; what they do not know of stays. */
  readonly empiricalPolicy?: EmpiricalPolicy
  readonly tags?: readonly string[]
  readonly infrastructurePid?: string | null
  readonly jobVariables?: RawJson | null
}

/** Throws NotFound, BadInput for job variables of a run whose infrastructure is chosen already, Conflict for such as its work pool refuses. */
export async function updateFlowRun(ctx: Context, changes: FlowRunChanges): Promise<void> {
  requireScope(ctx, 'run_flows')
  const { workspaceId } = ctx
  const { id, name, flowVersion, parameters, empiricalPolicy, tags, infrastructurePid, jobVariables } =
    changes
  await inWorkspace(ctx.db, workspaceId, async (sql) => {
    if (jobVariables !== undefined) {
      const [run] = await sql<{ stateType: string | null; deploymentId: string | null }[]>`
        select state_type, deployment_id from flow_runs where workspace_id = ${workspaceId} and id = ${id} for update`
      if (!run) throw new NotFound('Flow run')
      if (run.stateType !== 'SCHEDULED') {
        throw new BadInput(
          `Job variables can be changed only while the run is SCHEDULED; it is ${run.stateType ?? 'without a state'}.`,
          { status: 400 },
        )
      }
      if (run.deploymentId === null) {
        throw new BadInput(
          'A run without a deployment has no infrastructure, and so no job variables to change.',
          { status: 400 },
        )
      }
      if (jobVariables !== null) await checkJobVariables(sql, workspaceId, id, jobVariables)
    }
    const updated = await sql`
      update flow_runs set updated_at = now(), edited_at = now()
        ${name === undefined ? sql`` : sql`, name = ${name}`}
        ${flowVersion === undefined ? sql`` : sql`, flow_version = ${flowVersion}`}
        ${parameters === undefined ? sql`` : sql`, parameters = ${parameters}::text::json`}
        ${empiricalPolicy === undefined ? sql`` : sql`, empirical_policy = empirical_policy || ${JSON.stringify(empiricalPolicy)}::text::jsonb`}
        ${tags === undefined ? sql`` : sql`, tags = ${[...tags]}::text[]`}
        ${infrastructurePid === undefined ? sql`` : sql`, infrastructure_pid = ${infrastructurePid}`}
        ${jobVariables === undefined ? sql`` : sql`, job_variables = ${jobVariables}::text::json`}
      where workspace_id = ${workspaceId} and id = ${id}`
    if (updated.count === 0) throw new NotFound('Flow run')
  })
}

/** What the run's work pool would make of them, over those of its deployment. Throws Conflict. */
async function checkJobVariables(
  sql: Transaction,
  workspaceId: string,
  id: string,
  jobVariables: RawJson,
): Promise<void> {
  requireStorable(jobVariables, 'Job variables')
  const [where] = await sql<{ template: RawJson; preset: RawJson }[]>`
    select p.base_job_template as template, d.job_variables as preset
    from flow_runs r
    join deployments d on d.workspace_id = r.workspace_id and d.id = r.deployment_id
    join work_queues q on q.workspace_id = r.workspace_id and q.id = r.work_queue_id
    join work_pools p on p.workspace_id = q.workspace_id and p.id = q.work_pool_id
    where r.workspace_id = ${workspaceId} and r.id = ${id}`
  if (where)
    validateJobVariables('Error updating flow run', where.template, mergeJson(where.preset, jobVariables))
}

/** Adds labels; those of the same name are replaced. Throws NotFound. */
export async function addFlowRunLabels(
  ctx: Context,
  id: string,
  labels: Readonly<Record<string, unknown>>,
): Promise<void> {
  requireScope(ctx, 'run_flows')
  const worker = labels[WORKER_LABEL]
  await inWorkspace(ctx.db, ctx.workspaceId, async (sql) => {
    const updated = await sql`
      update flow_runs set labels = labels || ${JSON.stringify(labels)}::text::jsonb, updated_at = now(), edited_at = now()
      where workspace_id = ${ctx.workspaceId} and id = ${id}`
    if (updated.count === 0) throw new NotFound('Flow run')
    if (typeof worker === 'string') await nameHolder(sql, ctx.workspaceId, id, worker)
  })
}

/** Stock workers say who they are only after they have claimed a run, by this label. */
const WORKER_LABEL = 'prefect.worker.name'

const nameHolder = (sql: Transaction, workspaceId: string, runId: string, worker: string) => sql`
  update run_claims c set holder_name = ${worker}, holder_id = (
    select w.id from workers w where w.workspace_id = c.workspace_id and w.work_pool_id = c.work_pool_id and w.name = ${worker})
  where c.workspace_id = ${workspaceId} and c.run_id = ${runId} and c.holder_type = 'worker' and c.holder_name is null`
