import { type WorkPoolRow, workPoolColumns } from '../../db/rows/work-pool.ts'
import { inWorkspace } from '../../db/scope.ts'
import { isReservedPoolName } from '../../domain/work/status.ts'
import type { Engine } from '../../engine/engine.ts'
import { type Context, requireScope } from '../context.ts'
import { recordObjectEvent } from '../events/record-object-event.ts'
import { reservedName } from './create-work-pool.ts'
import { poolNotFound } from './read-work-pool.ts'
import { workPoolEvent } from './work-pool-event.ts'

/** Its queues and workers go with it; deployments and runs keep without one. Throws NotFound. */
export async function deleteWorkPool(ctx: Context, engine: Engine, name: string): Promise<WorkPoolRow> {
  requireScope(ctx, 'manage_work_pools')
  if (isReservedPoolName(name)) throw reservedName(name)
  const [row] = await inWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<WorkPoolRow[]>`
      delete from work_pools p where p.workspace_id = ${ctx.workspaceId} and p.name = ${name} returning ${workPoolColumns(sql)}`,
  )
  if (!row) throw poolNotFound(name)
  await recordObjectEvent(ctx, engine, workPoolEvent('deleted', row))
  return row
}
