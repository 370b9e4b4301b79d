import type { Transaction } from '../../db/clients.ts'
import type { DeploymentRow } from '../../db/rows/deployment.ts'
import { inWorkspace } from '../../db/scope.ts'
import { uuidv7 } from '../../db/uuid.ts'
import { NotFound } from '../../domain/problem.ts'
import { formatInstant } from '../../domain/time.ts'
import type { Engine } from '../../engine/engine.ts'
import { type Context, requireScope } from '../context.ts'
import { creatorOf } from '../creator.ts'
import { readSchedules } from '../schedules/schedule-input.ts'
import { ensureDefaultPool } from '../work-queues/default-pool.ts'
import type { NewDeployment } from './deployment-changes.ts'
import { settleDeployment } from './settle-deployment.ts'
import { checkChanges, type Written, writeDeployment } from './write-deployment.ts'

/**
 * Makes the deployment of that name, or changes the one that is there: what is absent is left as it is, and schedules that are
 * given replace the ones that were. Throws NotFound for a flow, work pool or limit that is not there, Conflict for values that
 * do not fit their schema, BadInput for what cannot be read.
 */
export async function createDeployment(
  ctx: Context,
  engine: Engine,
  { flowId, name, ...changes }: NewDeployment,
): Promise<{ readonly created: boolean; readonly row: DeploymentRow }> {
  requireScope(ctx, 'write_deployments')
  checkChanges(changes)
  if (changes.workQueueName && !changes.workPoolName) await ensureDefaultPool(ctx, engine)
  const schedules = changes.schedules ? readSchedules(changes.schedules, ctx.nowMicros()) : null
  const [created, written] = await inWorkspace(
    ctx.db,
    ctx.workspaceId,
    async (sql): Promise<[boolean, Written]> => {
      const { id, created } = await findOrInsert(sql, ctx, flowId, name)
      const writing = {
        id,
        changes,
        schedules,
        schedulesAre: 'replaced',
        doing: 'Error creating deployment',
      } as const
      return [created, await writeDeployment(sql, ctx, writing)]
    },
  )
  await settleDeployment(ctx, engine, written, created)
  return { created, row: written.after }
}

async function findOrInsert(
  sql: Transaction,
  ctx: Context,
  flowId: string,
  name: string,
): Promise<{ id: string; created: boolean }> {
  const { workspaceId } = ctx
  const [flow] =
    await sql`select id from flows where workspace_id = ${workspaceId} and id = ${flowId} for key share`
  if (!flow) throw new NotFound(`Flow with id ${flowId}`)
  for (;;) {
    const [there] = await sql<{ id: string }[]>`
      select id from deployments where workspace_id = ${workspaceId} and flow_id = ${flowId} and name = ${name}`
    if (there) return { id: there.id, created: false }
    const by = JSON.stringify(creatorOf(ctx.actor))
    const now = formatInstant(ctx.nowMicros())
    const [made] = await sql<{ id: string }[]>`
      insert into deployments (workspace_id, id, flow_id, name, created_by, updated_by, created_at, updated_at)
      values (${workspaceId}, ${uuidv7()}, ${flowId}, ${name}, ${by}::text::jsonb, ${by}::text::jsonb, ${now}, ${now})
      on conflict (workspace_id, flow_id, name) do nothing returning id`
    // None: another request made it meanwhile. The next look sees it.
    if (made) return { id: made.id, created: true }
  }
}
