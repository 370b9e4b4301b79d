import { eq } from 'drizzle-orm'
import { accounts } from '../../db/schema/identity.ts'
import { NotFound } from '../../domain/problem.ts'
import { type AccountContext, requirePermission } from './account-context.ts'
import { readAccountSettings, type StoredAccountSettings } from './account-settings.ts'

export interface Account {
  readonly id: string
  readonly name: string
  readonly handle: string
  readonly personal: boolean
  readonly settings: StoredAccountSettings
  readonly createdAt: Date
  readonly updatedAt: Date
}

export async function readAccount(ctx: AccountContext): Promise<Account> {
  requirePermission(ctx, 'read:account')
  const [row] = await ctx.db.orm.select().from(accounts).where(eq(accounts.id, ctx.account.accountId))
  if (!row) throw new NotFound('Account')
  const { id, name, handle, personalUserId, settings, createdAt, updatedAt } = row
  return {
    id,
    name,
    handle,
    personal: personalUserId !== null,
    settings: readAccountSettings(settings),
    createdAt,
    updatedAt,
  }
}
