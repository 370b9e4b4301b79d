import { createHash, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface GitHubPerson {
  id: number
  login: string
  name: string | null
  /** Shown on the public profile; says nothing about who it is. */
  publicEmail: string | null
  emails: { email: string; primary: boolean; verified: boolean }[]
}

export interface GitHubStandIn {
  /** For GITHUB_URL. */
  readonly url: string
  readonly clientId: string
  readonly clientSecret: string
  /** Who is signed in at GitHub, and so gives consent. */
  signIn(person: Partial<GitHubPerson> & Pick<GitHubPerson, 'id' | 'login'>): GitHubPerson
  /** `auto`: consents at once; `ask`: shows a page with both buttons; `deny`: refuses at once. */
  consent: 'auto' | 'ask' | 'deny'
  /** Whether the e-mail endpoint answers. */
  tellsEmails: boolean
  /** Codes that were exchanged, so that a test can see a replay refused by its right cause. */
  readonly exchanged: readonly string[]
  close(): Promise<void>
}

interface Grant {
  readonly person: GitHubPerson
  readonly redirectUri: string
  readonly challenge: string
}

/**
 * GitHub's side of signing in, as small as it may be and still say no: client id and secret, redirect address, PKCE
 * verifier and single-use codes are all checked. Laid out like a GitHub Enterprise Server.
 */
export async function startGitHubStandIn(port = 0): Promise<GitHubStandIn> {
  const clientId = 'stand-in-client'
  const clientSecret = 'stand-in-secret'
  const grants = new Map<string, Grant>()
  const tokens = new Map<string, GitHubPerson>()
  const exchanged: string[] = []
  let person: GitHubPerson | null = null

  function authorize(url: URL, response: ServerResponse): ServerResponse {
    const ask = url.searchParams
    const redirectUri = ask.get('redirect_uri') ?? ''
    if (ask.get('client_id') !== clientId || !/^http:\/\/(localhost|127\.0\.0\.1)[:/]/.test(redirectUri)) {
      return say(response, 404, 'text/html', '<h1>There is no such application</h1>')
    }
    if (!person) return say(response, 200, 'text/html', '<h1>Sign in to GitHub first</h1>')
    const back = new URL(redirectUri)
    back.searchParams.set('state', ask.get('state') ?? '')
    const wish = url.pathname.endsWith('/decision') ? ask.get('decision') : standIn.consent
    if (wish === 'ask') return say(response, 200, 'text/html', consentPage(person, ask))
    if (wish === 'deny') {
      back.searchParams.set('error', 'access_denied')
      back.searchParams.set('error_description', 'The user has denied your application access.')
    } else {
      const code = randomBytes(10).toString('hex')
      const challenge = ask.get('code_challenge_method') === 'S256' ? (ask.get('code_challenge') ?? '') : ''
      grants.set(code, { person, redirectUri, challenge })
      back.searchParams.set('code', code)
    }
    return response.writeHead(302, { location: back.href }).end()
  }

  async function exchange(request: IncomingMessage, response: ServerResponse): Promise<ServerResponse> {
    const form = new URLSearchParams(await bodyOf(request))
    const basic = /^basic (.+)$/i.exec(request.headers.authorization ?? '')?.[1]
    const [id, secret] = basic
      ? Buffer.from(basic, 'base64').toString().split(':').map(decodeURIComponent)
      : [form.get('client_id'), form.get('client_secret')]
    const refuse = (error: string): ServerResponse =>
      say(response, 200, 'application/json', JSON.stringify({ error }))
    if (id !== clientId || secret !== clientSecret) return refuse('incorrect_client_credentials')
    const code = form.get('code') ?? ''
    const grant = grants.get(code)
    grants.delete(code)
    if (!grant) return refuse('bad_verification_code')
    if (form.get('redirect_uri') !== grant.redirectUri) return refuse('redirect_uri_mismatch')
    const verifier = form.get('code_verifier') ?? ''
    if (!grant.challenge || createHash('sha256').update(verifier).digest('base64url') !== grant.challenge) {
      return refuse('bad_verification_code')
    }
    const token = `gho_${randomBytes(18).toString('hex')}`
    tokens.set(token, grant.person)
    exchanged.push(code)
    return say(
      response,
      200,
      'application/json',
      JSON.stringify({ access_token: token, token_type: 'bearer', scope: 'read:user,user:email' }),
    )
  }

  function tell(request: IncomingMessage, response: ServerResponse, what: 'user' | 'emails'): ServerResponse {
    const token = /^(?:bearer|token) (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? ''
    const known = tokens.get(token)
    if (!known) return say(response, 401, 'application/json', '{"message":"Bad credentials"}')
    if (what === 'emails' && !standIn.tellsEmails) {
      return say(response, 404, 'application/json', '{"message":"Not Found"}')
    }
    const { id, login, name, publicEmail } = known
    const user = {
      id,
      login,
      name,
      email: publicEmail,
      avatar_url: `${standIn.url}/avatars/${id}`,
      type: 'User',
    }
    return say(response, 200, 'application/json', JSON.stringify(what === 'user' ? user : known.emails))
  }

  const server: Server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://stand-in')
    switch (`${request.method} ${url.pathname}`) {
      case 'GET /login/oauth/authorize':
      case 'GET /login/oauth/authorize/decision':
        return authorize(url, response)
      case 'POST /login/oauth/access_token':
        return exchange(request, response)
      case 'GET /api/v3/user':
        return tell(request, response, 'user')
      case 'GET /api/v3/user/emails':
        return tell(request, response, 'emails')
      default:
        return say(response, 404, 'text/plain', 'Not Found')
    }
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  // Safe: it listens on TCP.
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  const standIn: GitHubStandIn = {
    url,
    clientId,
    clientSecret,
    signIn(wanted) {
      const email = `${wanted.login.toLowerCase()}@example.com`
      person = {
        name: wanted.login,
        publicEmail: null,
        emails: [{ email, primary: true, verified: true }],
        ...wanted,
      }
      return person
    },
    consent: 'auto',
    tellsEmails: true,
    exchanged,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
  return standIn
}

function consentPage(person: GitHubPerson, ask: URLSearchParams): string {
  const link = (decision: string): string => {
    const query = new URLSearchParams(ask)
    query.set('decision', decision)
    return `/login/oauth/authorize/decision?${query}`.replaceAll('&', '&amp;')
  }
  return `<!doctype html><title>Authorize Rigel</title><h1>Authorize Rigel</h1><p>Signed in as ${person.login.replace(/[<&]/g, '')}</p>
<p><a href="${link('allow')}">Authorize</a> <a href="${link('deny')}">Cancel</a></p>`
}

function say(response: ServerResponse, status: number, type: string, text: string): ServerResponse {
  return response.writeHead(status, { 'content-type': `${type}; charset=utf-8` }).end(text)
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}
