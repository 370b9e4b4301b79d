import type { Transaction } from '../../db/clients.ts'
import type { Creator } from '../../db/rows/work-pool.ts'
import { uuidv7 } from '../../db/uuid.ts'

/** What a version keeps: what a deployment runs and how. Schedules, pausing and limits are about when, and are not versioned. */
export const versionedColumns = [
  'version',
  'version_info',
  'description',
  'tags',
  'labels',
  'entrypoint',
  'path',
  'manifest_path',
  'pull_steps',
  'parameters',
  'parameter_openapi_schema',
  'enforce_parameter_schema',
  'job_variables',
  'work_queue_id',
  'storage_document_id',
  'infrastructure_document_id',
] as const
export type VersionedColumn = (typeof versionedColumns)[number]

/** The columns as one object; `d` is deployments. json members stay as they were written. */
const snapshot = (sql: Transaction) =>
  sql`json_build_object(${versionedColumns
    .map((column) => sql`${column}::text, ${sql(`d.${column}`)}`)
    .reduce((all, part) => sql`${all}, ${part}`)})`

/** Keeps what the deployment is now as its newest version, unless that is the version it shows already. */
export async function writeVersion(
  sql: Transaction,
  workspaceId: string,
  deploymentId: string,
  creator: Creator,
): Promise<void> {
  await sql`
    with shown as (
      select d.workspace_id, d.id, d.version, d.version_info, d.version_id, ${snapshot(sql)} as snapshot
      from deployments d where d.workspace_id = ${workspaceId} and d.id = ${deploymentId}
    ), kept as (
      insert into deployment_versions (workspace_id, deployment_id, id, number, version, version_info, snapshot, created_by)
      select s.workspace_id, s.id, ${uuidv7()}::uuid,
        coalesce((select max(v.number) from deployment_versions v where v.workspace_id = s.workspace_id and v.deployment_id = s.id), 0) + 1,
        s.version, s.version_info, s.snapshot, ${JSON.stringify(creator)}::text::jsonb
      from shown s
      where not exists (
        select from deployment_versions v
        where v.workspace_id = s.workspace_id and v.deployment_id = s.id and v.id = s.version_id and v.snapshot::jsonb = s.snapshot::jsonb)
      returning id
    )
    update deployments d set version_id = kept.id from kept where d.workspace_id = ${workspaceId} and d.id = ${deploymentId}`
}
