import { type AccountPermission, hasPermission } from '../../domain/access/account-permissions.ts'
import type { AccountAccess } from '../../domain/access/actor.ts'
import { Problem } from '../../domain/problem.ts'
import type { ActorContext } from '../users/require-user.ts'

/** What verbs about an account get. */
export interface AccountContext extends ActorContext {
  readonly account: AccountAccess
}

export function requirePermission(
  { account }: Pick<AccountContext, 'account'>,
  permission: AccountPermission,
): void {
  if (hasPermission(account.role, permission)) return
  throw new Problem(
    'not-allowed',
    `This needs the account permission ${permission}, which the role ${account.role} does not have. An owner of the account can give it.`,
    { needed: permission, role: account.role },
  )
}
