import { headers } from 'next/headers'
import type { UserActor } from '../domain/access/actor.ts'
import { sharedServices } from './shared.ts'

/** Whose browser asks for this page; null when it is not signed in. Keys are for the API: only the cookie counts here. */
export async function currentActor(): Promise<UserActor | null> {
  const sent = await headers()
  const actor = await sharedServices().identity.authenticate({
    authorization: undefined,
    cookie: sent.get('cookie') ?? undefined,
    userAgent: sent.get('user-agent') ?? undefined,
  })
  return actor?.kind === 'user' ? actor : null
}
