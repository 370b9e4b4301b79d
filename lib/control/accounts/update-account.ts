import { eq } from 'drizzle-orm'
import { accounts } from '../../db/schema/identity.ts'
import { handleProblem } from '../../domain/access/handle.ts'
import { BadInput, Conflict, NotFound } from '../../domain/problem.ts'
import { isUniqueViolation } from '../users/unique-violation.ts'
import { type AccountContext, requirePermission } from './account-context.ts'
import { readAccountSettings, type StoredAccountSettings } from './account-settings.ts'

export interface UpdateAccountInput {
  readonly name?: string
  readonly handle?: string
  readonly settings?: StoredAccountSettings
}

/** Changes what is given. A new handle changes what users type as `account/workspace`; addresses hold ids and stay. */
export async function updateAccount(
  ctx: AccountContext,
  { name, handle, settings }: UpdateAccountInput,
): Promise<void> {
  requirePermission(ctx, 'update:account')
  const problem = handle === undefined ? null : handleProblem(handle)
  if (problem) throw new BadInput(problem)
  if (name !== undefined && (name.trim() === '' || name.length > 500)) {
    throw new BadInput('An account needs a name of 1 to 500 characters.')
  }
  const mine = eq(accounts.id, ctx.account.accountId)
  try {
    await ctx.db.orm.transaction(async (work) => {
      const [row] = await work
        .select({ settings: accounts.settings })
        .from(accounts)
        .where(mine)
        .for('update')
      if (!row) throw new NotFound('Account')
      await work
        .update(accounts)
        .set({
          ...(name === undefined ? {} : { name }),
          ...(handle === undefined ? {} : { handle }),
          settings: { ...readAccountSettings(row.settings), ...settings },
        })
        .where(mine)
    })
  } catch (error) {
    if (isUniqueViolation(error)) throw new Conflict(`The handle ${handle} is taken; choose another one.`)
    throw error
  }
}
