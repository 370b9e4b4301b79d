import { headers } from 'next/headers'
import { notFound, redirect } from 'next/navigation'
import { cache } from 'react'
import { listPlaces, type WorkspacePlace } from '#lib/control/console/list-places.ts'
import type { Context } from '#lib/control/context.ts'
import type { UserActor } from '#lib/domain/access/actor.ts'
import { pageServices } from './services.ts'

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
export const isUuid = (text: string): boolean => uuid.test(text)

/** Who asks for this page; a browser without a valid session goes to sign in and comes back. */
export const signedIn = cache(async (): Promise<UserActor> => {
  const sent = await headers()
  const actor = await pageServices().identity.authenticate({
    authorization: undefined,
    cookie: sent.get('cookie') ?? undefined,
    userAgent: sent.get('user-agent') ?? undefined,
  })
  if (actor?.kind !== 'user') {
    const here = sent.get('x-rigel-path')
    redirect(here ? `/sign-in?callbackUrl=${encodeURIComponent(here)}` : '/sign-in')
  }
  return actor
})

/** The workspaces that the reader may enter. */
export const myPlaces = cache(async (): Promise<readonly WorkspacePlace[]> => {
  const actor = await signedIn()
  return listPlaces(pageServices().db, actor.userId)
})

export interface Entered {
  readonly ctx: Context
  readonly place: WorkspacePlace
  /** `/account/{id}/workspace/{id}` */
  readonly base: string
}

/** The workspace of a page's address, for this reader. Another tenant's is not found, never forbidden. */
export const enterWorkspace = cache(async (accountId: string, workspaceId: string): Promise<Entered> => {
  const actor = await signedIn()
  if (!isUuid(accountId) || !isUuid(workspaceId)) notFound()
  const services = pageServices()
  const access = await services.identity.enterWorkspace(
    actor,
    accountId.toLowerCase(),
    workspaceId.toLowerCase(),
  )
  const place = (await myPlaces()).find((each) => each.id === access?.workspaceId)
  if (!access || !place) notFound()
  return {
    ctx: { actor, workspaceId: access.workspaceId, access, db: services.db, nowMicros: services.nowMicros },
    place,
    base: `/account/${access.accountId}/workspace/${access.workspaceId}`,
  }
})

export interface WorkspaceParams {
  readonly account_id: string
  readonly workspace_id: string
}

/** The workspace, and where its live feed stands. The cursor is taken first, so that nothing falls between it and the reads. */
export async function enterLive(
  params: Promise<WorkspaceParams>,
): Promise<Entered & { readonly cursor: string }> {
  const { account_id, workspace_id } = await params
  const entered = await enterWorkspace(account_id, workspace_id)
  return { ...entered, cursor: pageServices().hub.cursor(entered.ctx.workspaceId) }
}

export async function enter(params: Promise<WorkspaceParams>): Promise<Entered> {
  const { account_id, workspace_id } = await params
  return enterWorkspace(account_id, workspace_id)
}
