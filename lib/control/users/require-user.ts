import type { UserActor } from '../../domain/access/actor.ts'
import { Problem } from '../../domain/problem.ts'
import type { Context } from '../context.ts'

/** What verbs about users, keys and accounts get: who asks, outside any workspace. */
export type ActorContext = Pick<Context, 'actor' | 'db' | 'nowMicros'>

export function requireUser({ actor }: Pick<Context, 'actor'>): UserActor {
  if (actor.kind === 'user') return actor
  throw new Problem(
    'not-allowed',
    'This is for users; a background service has no keys, sessions or profile.',
  )
}

/** Whether the key may less than its user: bounded to a workspace or to a role. */
export const isBounded = (actor: UserActor): boolean =>
  actor.onlyWorkspaceId !== null || actor.maxRole !== null

/** Profile, sessions and accounts are the user's own affair: a key that was given for less must not reach them. */
export function requireUnbounded(ctx: Pick<Context, 'actor'>): UserActor {
  const actor = requireUser(ctx)
  if (!isBounded(actor)) return actor
  throw new Problem(
    'not-allowed',
    'This API key is limited to a workspace or a role, and this needs one without limits, or a signed-in browser.',
  )
}
