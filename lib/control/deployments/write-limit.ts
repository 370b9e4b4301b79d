import type { Transaction } from '../../db/clients.ts'
import { uuidv7 } from '../../db/uuid.ts'
import { NotFound } from '../../domain/problem.ts'
import { isRunInLine } from '../../engine/slot-writes.ts'

export const ownLimitName = (deploymentId: string): string => `deployment:${deploymentId}`

/** Gives the deployment a limit of its own, changes it, or (null) takes it away, with the slots that are held of it. */
export async function writeOwnLimit(
  sql: Transaction,
  workspaceId: string,
  deploymentId: string,
  limit: number | null,
): Promise<void> {
  if (limit === null) {
    await removeOwnLimit(sql, workspaceId, deploymentId)
    await point(sql, workspaceId, deploymentId, null)
    return
  }
  const [row] = await sql<{ id: string }[]>`
    insert into concurrency_limits as c (workspace_id, id, name, slot_limit)
    values (${workspaceId}, ${uuidv7()}, ${ownLimitName(deploymentId)}, ${limit})
    on conflict (workspace_id, name) do update set slot_limit = excluded.slot_limit, active = true, updated_at = now()
    returning c.id`
  await point(sql, workspaceId, deploymentId, row?.id ?? null)
}

/** Makes the deployment's runs take their slots of a limit that others share; null: of none. Throws NotFound. */
export async function shareLimit(
  sql: Transaction,
  workspaceId: string,
  deploymentId: string,
  limitId: string | null,
): Promise<void> {
  if (limitId !== null) {
    const [limit] = await sql<{ name: string }[]>`
      select name from concurrency_limits where workspace_id = ${workspaceId} and id = ${limitId}`
    if (!limit) throw new NotFound('Concurrency limit')
    if (limit.name === ownLimitName(deploymentId)) return
  }
  await point(sql, workspaceId, deploymentId, limitId)
  await removeOwnLimit(sql, workspaceId, deploymentId)
}

export async function removeOwnLimit(
  sql: Transaction,
  workspaceId: string,
  deploymentId: string,
): Promise<void> {
  await sql`
    delete from concurrency_limits where workspace_id = ${workspaceId} and name = ${ownLimitName(deploymentId)}`
}

/** The own limits of a flow's deployments, which go with it. */
export async function removeLimitsOfFlow(
  sql: Transaction,
  workspaceId: string,
  flowId: string,
): Promise<void> {
  await sql`
    delete from concurrency_limits c using deployments d
    where c.workspace_id = ${workspaceId} and c.name = 'deployment:' || d.id
      and d.workspace_id = ${workspaceId} and d.flow_id = ${flowId}`
}

/** Runs that waited for a slot of the limit that it had before wait for none there any more. */
async function point(
  sql: Transaction,
  workspaceId: string,
  deploymentId: string,
  limitId: string | null,
): Promise<void> {
  // A line is only left under its limit's lock.
  const [left] = await sql<{ id: string }[]>`
    select l.id from deployments d
    join concurrency_limits l on l.workspace_id = d.workspace_id and l.id = d.concurrency_limit_id
    where d.workspace_id = ${workspaceId} and d.id = ${deploymentId} and l.id is distinct from ${limitId}::uuid
    for update of l`
  if (left)
    await sql`
      delete from slot_waiters w using flow_runs r
      where w.workspace_id = ${workspaceId} and w.limit_id = ${left.id} and ${isRunInLine(sql)}
        and r.workspace_id = w.workspace_id and r.id = w.id and r.deployment_id = ${deploymentId}`
  await sql`
    update deployments set concurrency_limit_id = ${limitId} where workspace_id = ${workspaceId} and id = ${deploymentId}`
}
