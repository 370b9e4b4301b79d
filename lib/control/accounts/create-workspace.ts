import { workspaceMemberships, workspaces } from '../../db/schema/identity.ts'
import { uuidv7 } from '../../db/uuid.ts'
import { handleShapeProblem } from '../../domain/access/handle.ts'
import { BadInput, Conflict } from '../../domain/problem.ts'
import { requireUnbounded } from '../users/require-user.ts'
import { tellAccessChanged } from '../users/unit-of-work.ts'
import { type AccountContext, requirePermission } from './account-context.ts'
import { type Workspace, workspaceColumns } from './list-workspaces.ts'

export interface CreateWorkspaceInput {
  readonly name: string
  readonly handle: string
  readonly description: string
}

/** Makes a workspace in the account, which its maker owns. Throws Conflict when the account has one of that handle. */
export async function createWorkspace(ctx: AccountContext, input: CreateWorkspaceInput): Promise<Workspace> {
  requirePermission(ctx, 'create:workspace')
  const { userId } = requireUnbounded(ctx)
  checkWorkspace(input)
  return ctx.db.orm.transaction(async (work) => {
    const [made] = await work
      .insert(workspaces)
      .values({ ...input, id: uuidv7(), accountId: ctx.account.accountId })
      .onConflictDoNothing({ target: [workspaces.accountId, workspaces.handle] })
      .returning(workspaceColumns)
    if (!made) throw handleTaken(input.handle)
    await work.insert(workspaceMemberships).values({ workspaceId: made.id, userId, role: 'owner' })
    await tellAccessChanged(work, { kind: 'user', id: userId })
    return made
  })
}

export const handleTaken = (handle: string): Conflict =>
  new Conflict(`The account has a workspace of the handle ${handle} already; choose another one.`)

export function checkWorkspace({ name, handle, description }: Partial<CreateWorkspaceInput>): void {
  const problem = handle === undefined ? null : handleShapeProblem(handle)
  if (problem) throw new BadInput(problem)
  if (name !== undefined && (name.trim() === '' || name.length > 500)) {
    throw new BadInput('A workspace needs a name of 1 to 500 characters.')
  }
  if (description !== undefined && description.length > 5_000) {
    throw new BadInput('A description has at most 5,000 characters.')
  }
}
