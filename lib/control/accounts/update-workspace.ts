import { eq } from 'drizzle-orm'
import { workspaces } from '../../db/schema/identity.ts'
import { Conflict, NotFound } from '../../domain/problem.ts'
import { type Context, requireScope } from '../context.ts'
import { isUniqueViolation } from '../users/unique-violation.ts'
import { checkWorkspace, handleTaken } from './create-workspace.ts'

export interface UpdateWorkspaceInput {
  readonly name?: string
  readonly handle?: string
  readonly description?: string
  readonly settings?: Readonly<Record<string, unknown>>
}

/** Changes what is given. A new handle changes what users type as `account/workspace`; addresses hold ids and stay. */
export async function updateWorkspace(ctx: Context, input: UpdateWorkspaceInput): Promise<void> {
  requireScope(ctx, 'write_workspace_settings')
  checkWorkspace(input)
  const { name, handle, description, settings } = input
  const mine = eq(workspaces.id, ctx.workspaceId)
  try {
    await ctx.db.orm.transaction(async (work) => {
      const [row] = await work
        .select({ settings: workspaces.settings })
        .from(workspaces)
        .where(mine)
        .for('update')
      if (!row) throw new NotFound('Workspace')
      await work
        .update(workspaces)
        .set({
          ...(name === undefined ? {} : { name }),
          ...(handle === undefined ? {} : { handle }),
          ...(description === undefined ? {} : { description }),
          settings: { ...row.settings, ...settings },
        })
        .where(mine)
    })
  } catch (error) {
    if (isUniqueViolation(error))
      throw handle ? handleTaken(handle) : new Conflict('That workspace exists already.')
    throw error
  }
}
