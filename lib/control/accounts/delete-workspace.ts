import { eq } from 'drizzle-orm'
import { workspaces } from '../../db/schema/identity.ts'
import { NotFound } from '../../domain/problem.ts'
import { type Context, requireScope } from '../context.ts'
import { tellAccessChanged } from '../users/unit-of-work.ts'

/** Deletes the workspace and all that is in it. Nobody can enter it from the first moment; its rows go right after. */
export async function deleteWorkspace(ctx: Context): Promise<void> {
  requireScope(ctx, 'manage_workspace_settings')
  const { workspaceId } = ctx
  await ctx.db.orm.transaction(async (work) => {
    const [gone] = await work
      .delete(workspaces)
      .where(eq(workspaces.id, workspaceId))
      .returning({ id: workspaces.id })
    if (!gone) throw new NotFound('Workspace')
    await tellAccessChanged(work, { kind: 'workspace', id: workspaceId })
  })
  // History has no foreign keys, which would cost every write: what does not follow the workspace by itself is told to.
  const tables = await ctx.db.engine<{ name: string }[]>`
    select c.relname as name from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attname = 'workspace_id' and not a.attisdropped
    where c.relkind in ('r', 'p') and not c.relispartition and c.relnamespace = 'public'::regnamespace`
  for (const { name } of tables) {
    await ctx.db.engine`delete from ${ctx.db.engine(name)} where workspace_id = ${workspaceId}`
  }
}
