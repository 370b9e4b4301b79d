import type { Transaction } from '../../db/clients.ts'
import { formatInstant } from '../../domain/time.ts'
import type { Context } from '../context.ts'
import { creatorOf } from '../creator.ts'
import { deploymentById } from '../deployments/read-deployment.ts'
import type { Written } from '../deployments/write-deployment.ts'
import { type VersionedColumn, versionedColumns, writeVersion } from '../deployments/write-version.ts'
import type { Fragment } from '../filters/operators.ts'
import { takeBackRuns } from '../schedules/take-back-runs.ts'
import { lockSchedules } from '../schedules/write-schedules.ts'
import type { WhichVersion } from './read-version.ts'

const text = (sql: Transaction, column: string): Fragment => sql`v.snapshot ->> ${column}::text`
const id = (sql: Transaction, column: string): Fragment => sql`(v.snapshot ->> ${column}::text)::uuid`
/** null in a snapshot is none in the column. */
const json = (sql: Transaction, column: string): Fragment =>
  sql`case when v.snapshot ->> ${column}::text is not null then v.snapshot -> ${column}::text end`

/** Each column as a snapshot `v` has it; `d` is the deployment that gets it. */
const kept = {
  version: text,
  version_info: (sql, column) => sql`(${json(sql, column)})::jsonb`,
  description: text,
  tags: (sql) => sql`array(select json_array_elements_text(v.snapshot -> 'tags'))`,
  labels: (sql, column) => sql`(${json(sql, column)})::jsonb`,
  entrypoint: text,
  path: text,
  manifest_path: text,
  pull_steps: json,
  parameters: json,
  parameter_openapi_schema: json,
  enforce_parameter_schema: (sql, column) => sql`(${text(sql, column)})::boolean`,
  job_variables: json,
  // A queue that is gone meanwhile: the one that is there stays.
  work_queue_id: (sql) => sql`
    case when v.snapshot ->> 'work_queue_id' is not null then coalesce((
      select q.id from work_queues q
      where q.workspace_id = d.workspace_id and q.id = (v.snapshot ->> 'work_queue_id')::uuid), d.work_queue_id) end`,
  storage_document_id: id,
  infrastructure_document_id: id,
} as const satisfies Record<VersionedColumn, (sql: Transaction, column: string) => Fragment>

/**
 * Makes a deployment what a version says, of itself or of another deployment, but for the columns that are to stay. What its
 * schedules made before is taken back. The deployment shows that version again where it is its own and all of it was taken.
 */
export async function applyVersion(
  sql: Transaction,
  ctx: Context,
  deploymentId: string,
  version: WhichVersion,
  keep: ReadonlySet<VersionedColumn> = new Set(),
): Promise<Written> {
  const { workspaceId } = ctx
  const of = { workspaceId, deploymentId, nowMicros: ctx.nowMicros() }
  await sql`select id from deployments where workspace_id = ${workspaceId} and id = ${deploymentId} for no key update`
  const before = await deploymentById(sql, workspaceId, deploymentId)
  await lockSchedules(sql, of)
  const isScheduling = !before.paused && !before.disabled
  const takenBack = await takeBackRuns(sql, { ...of, overdueOf: 'none', isScheduling })
  const own = version.deploymentId === deploymentId ? sql`, version_id = v.id` : sql``
  const set = versionedColumns
    .filter((column) => !keep.has(column))
    .map((column) => sql`, ${sql(column)} = ${kept[column](sql, column)}`)
    .reduce((all, part) => sql`${all}${part}`, sql``)
  await sql`
    update deployments d set
      updated_at = ${formatInstant(of.nowMicros)}, updated_by = ${JSON.stringify(creatorOf(ctx.actor))}::text::jsonb ${own} ${set}
    from deployment_versions v
    where d.workspace_id = ${workspaceId} and d.id = ${deploymentId}
      and v.workspace_id = d.workspace_id and v.deployment_id = ${version.deploymentId} and v.id = ${version.id}`
  await writeVersion(sql, workspaceId, deploymentId, creatorOf(ctx.actor))
  return { before, after: await deploymentById(sql, workspaceId, deploymentId), takenBack, queuesMade: [] }
}
