import { inWorkspace } from '../../db/scope.ts'
import { NotFound } from '../../domain/problem.ts'
import type { Engine } from '../../engine/engine.ts'
import { type Context, requireScope } from '../context.ts'
import type { Work } from '../work/create-work.ts'
import { poolByName } from '../work-pools/read-work-pool.ts'

/** Forgets a worker; one that still runs is back with its next heartbeat. Throws NotFound. */
export async function deleteWorker(
  ctx: Context,
  { engine, work }: { readonly engine: Engine; readonly work: Work },
  poolName: string,
  name: string,
): Promise<void> {
  requireScope(ctx, 'manage_workers')
  // A last sign of life that still waits to be written would bring the worker back.
  await work.presence.flush()
  const { workspaceId } = ctx
  const id = await inWorkspace(ctx.db, workspaceId, async (sql) => {
    const pool = await poolByName(sql, workspaceId, poolName)
    const [row] = await sql<{ id: string }[]>`
      delete from workers where workspace_id = ${workspaceId} and work_pool_id = ${pool.id} and name = ${name} returning id`
    if (!row) throw new NotFound('Worker')
    return row.id
  })
  engine.announce(workspaceId, [{ kind: 'object', noun: 'worker', id, happened: 'deleted' }])
}
