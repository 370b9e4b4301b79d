import { type NextRequest, NextResponse } from 'next/server'

// As in lib/identity/proof.ts, which needs Node's crypto and so cannot be imported where this runs.
const sessionCookies = ['next-auth.session-token', '__Secure-next-auth.session-token']

/** Sends a browser without a session cookie to sign in, and tells pages where they are. Who may see what is decided where it is read. */
export default function middleware(request: NextRequest): NextResponse {
  const { pathname, search } = request.nextUrl
  const here = pathname + search
  if (!sessionCookies.some((name) => request.cookies.has(name))) {
    return NextResponse.redirect(
      new URL(`/sign-in?callbackUrl=${encodeURIComponent(here)}`, originOf(request)),
    )
  }
  const headers = new Headers(request.headers)
  headers.set('x-rigel-path', here)
  const response = NextResponse.next({ request: { headers } })
  // No other site may lay a page of ours, with its buttons, under its own.
  response.headers.set('content-security-policy', "frame-ancestors 'none'")
  return response
}

/** As the browser sees it: the address that this process listens on may be another one. */
function originOf(request: NextRequest): string {
  const host = request.headers.get('x-forwarded-host')?.split(',')[0]?.trim() ?? request.headers.get('host')
  const proto = request.headers.get('x-forwarded-proto')?.split(',')[0]?.trim() === 'https' ? 'https' : 'http'
  return host ? `${proto}://${host}` : request.nextUrl.origin
}

export const config = {
  // Pages only.
  matcher: ['/((?!api/|_next/|sign-in|icon\\.svg|favicon\\.ico|robots\\.txt).*)'],
}
