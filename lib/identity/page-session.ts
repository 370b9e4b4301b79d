import { headers } from 'next/headers'
import { notFound } from 'next/navigation'
import type { Context } from '../control/context.ts'
import type { UserActor } from '../domain/access/actor.ts'
import { sharedServices } from './shared.ts'

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

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

/** What verbs need to act in the workspace of a page's address. Not signed in, no such workspace, another tenant's: the not-found page. */
export async function enterWorkspacePage(accountId: string, workspaceId: string): Promise<Context> {
  const actor = await currentActor()
  if (!actor || !uuid.test(accountId) || !uuid.test(workspaceId)) notFound()
  const { identity, db, nowMicros } = sharedServices()
  const access = await identity.enterWorkspace(actor, accountId.toLowerCase(), workspaceId.toLowerCase())
  if (!access) notFound()
  return { actor, access, workspaceId: access.workspaceId, db, nowMicros }
}
