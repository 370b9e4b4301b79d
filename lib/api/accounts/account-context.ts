import type { AccountContext } from '../../control/accounts/account-context.ts'
import { NotFound } from '../../domain/problem.ts'
import type { Call } from '../route.ts'

/** The account of the path, with the actor's role in it. */
export async function accountContext(
  call: Pick<Call<unknown, unknown, unknown>, 'ctx' | 'services' | 'actor' | 'accountId'>,
): Promise<AccountContext> {
  const account = await call.services.identity.enterAccount(call.actor, call.accountId.toLowerCase())
  if (!account) throw new NotFound('Account')
  const { actor, db, nowMicros } = call.ctx
  return { actor, db, nowMicros, account }
}
