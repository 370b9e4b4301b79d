import type { WorkspaceScope } from '#lib/domain/access/scopes.ts'
import { narrowestRole } from '#lib/domain/access/workspace-roles.ts'
import type { Entered } from './enter.ts'

/** Why the reader may not do what needs this scope, in words; null: they may. */
export function whyNot({ ctx, place }: Pick<Entered, 'ctx' | 'place'>, scope: WorkspaceScope): string | null {
  if (ctx.access.scopes.has(scope)) return null
  return `Your role here is ${ctx.access.role}. This needs ${narrowestRole(scope)}; an owner of the account ${place.accountHandle} can give it to you.`
}
