import { authSettings } from '#lib/identity/auth-settings.ts'
import { signInByLink } from '#lib/identity/local-sign-in.ts'

/** The one-time link that the start prints where there are no GitHub credentials. */
export const GET = (request: Request): Promise<Response> =>
  signInByLink(request, authSettings(request.headers))

/** Asking what is there does not use the link up. */
export const HEAD = (): Response => new Response(null, { status: 204 })
