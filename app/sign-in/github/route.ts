import { startGitHubSignIn } from '#lib/identity/auth.ts'
import { authSettings } from '#lib/identity/auth-settings.ts'

/** The button on the sign-in page: sends the browser to GitHub. */
export async function POST(request: Request): Promise<Response> {
  // Another site may not start a sign-in here, which would sign its visitor in unasked.
  const from = request.headers.get('sec-fetch-site')
  if (from && from !== 'same-origin' && from !== 'none') {
    return new Response(null, { status: 303, headers: { location: '/sign-in' } })
  }
  const form = await request.formData()
  const callbackUrl = form.get('callbackUrl')
  return startGitHubSignIn(authSettings(request.headers), typeof callbackUrl === 'string' ? callbackUrl : '/')
}
