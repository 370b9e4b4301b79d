import type { WorkspaceScope } from '#lib/domain/access/scopes.ts'
import { narrowestRole } from '#lib/domain/access/workspace-roles.ts'
import type { Entered } from './enter.ts'

/** Why the reader may not do what needs this scope, in words; null: they may. */
export function whyNot({ ctx, place }: Pick<Entered, 'ctx' | 'place'>, scope: WorkspaceScope): string | null {
  if (ctx.access.scopes.has(scope)) return null
  return `Your role here is ${ctx.access.role}. This needs ${narrowestRole(scope)}; an owner of the account ${place.accountHandle} can give it to you.`
}

/** For each verb why the reader may not; null: they may. A verb that is locked stays to be seen, with this beside it. */
export type Locks<Verb extends string> = Readonly<Record<Verb, string | null>>

export function locksOf<Verb extends string>(
  entered: Pick<Entered, 'ctx' | 'place'>,
  needs: Readonly<Record<Verb, WorkspaceScope>>,
): Locks<Verb> {
  const locks = Object.entries<WorkspaceScope>(needs).map(([verb, scope]) => [verb, whyNot(entered, scope)])
  // Safe: it has the members of `needs`.
  return Object.fromEntries(locks) as Locks<Verb>
}
