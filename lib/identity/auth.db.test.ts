import { afterAll, beforeEach, expect, test } from 'vitest'
import { bootstrapTenant } from '../control/accounts/bootstrap-tenant.ts'
import { createSignInLink } from '../control/users/sign-in-link.ts'
import { signUp } from '../control/users/sign-up.ts'
import { testDatabase } from '../testing/database.ts'
import { startGitHubStandIn } from '../testing/github-stand-in.ts'
import { handleAuth, startGitHubSignIn } from './auth.ts'
import type { AuthSettings } from './auth-settings.ts'
import { createIdentity } from './identity-service.ts'
import { signInByLink } from './local-sign-in.ts'
import { safePath } from './safe-path.ts'

const db = await testDatabase()
const gitHub = await startGitHubStandIn()
const identity = createIdentity({ db })
afterAll(async () => {
  await identity.close()
  await gitHub.close()
})

let address = 0
beforeEach(() => {
  address++
  gitHub.consent = 'auto'
  gitHub.tellsEmails = true
})

const settings = (change: Partial<AuthSettings> = {}): AuthSettings => ({
  db,
  github: { id: gitHub.clientId, secret: gitHub.clientSecret, url: gitHub.url },
  secret: 'a secret of at least thirty-two characters',
  origin: 'http://127.0.0.1:3000',
  ipAddress: `10.0.0.${address}`,
  userAgent: 'Firefox',
  allowsLocalLink: false,
  ...change,
})

/** A browser that keeps cookies and follows where it is sent, between Rigel and the stand-in. */
class Browser {
  readonly jar = new Map<string, string>()
  readonly #settings: AuthSettings
  callback = ''

  constructor(change: Partial<AuthSettings> = {}) {
    this.#settings = settings(change)
  }

  keep(response: Response): Response {
    for (const cookie of response.headers.getSetCookie()) {
      const [pair = '', ...attributes] = cookie.split(';')
      const [name = '', value = ''] = pair.split('=')
      const gone = value === '' || attributes.some((each) => /max-age=0|expires=thu, 01 jan 1970/i.test(each))
      if (gone) this.jar.delete(name)
      else this.jar.set(name, decodeURIComponent(value))
    }
    return response
  }

  get cookie(): string {
    return [...this.jar].map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('; ')
  }

  async visit(url: string): Promise<Response> {
    return this.keep(await handleAuth(new Request(url, { headers: { cookie: this.cookie } }), this.#settings))
  }

  /** Presses the button and comes back; answers where it ends up. */
  async signIn(callbackPath = '/'): Promise<string> {
    const started = this.keep(await startGitHubSignIn(this.#settings, callbackPath))
    const consent = await fetch(started.headers.get('location') ?? '', { redirect: 'manual' })
    this.callback = consent.headers.get('location') ?? ''
    return this.arrive(await this.visit(this.callback))
  }

  /** Follows redirects as long as they stay in next-auth's own routes. */
  async arrive(response: Response): Promise<string> {
    const location = new URL(response.headers.get('location') ?? '/nowhere', this.#settings.origin)
    return location.pathname.startsWith('/api/auth/')
      ? this.arrive(await this.visit(location.href))
      : location.href
  }

  async actor() {
    const actor = await identity.authenticate({
      authorization: undefined,
      cookie: this.cookie,
      userAgent: undefined,
    })
    return actor?.kind === 'user' ? actor : null
  }
}

let nextId = 1_000
const places = (userId: string) => db.engine`
  select a.handle as account, a.name as account_name, a.personal_user_id as personal, m.role, w.handle as workspace
  from account_memberships m join accounts a on a.id = m.account_id join workspaces w on w.account_id = a.id
  where m.user_id = ${userId} order by a.handle, w.handle`

test('the first sign-in makes user, personal account, membership and workspace, and opens a session', async () => {
  gitHub.signIn({ id: ++nextId, login: 'Grace-Hopper', name: 'Grace Hopper' })
  const browser = new Browser()
  expect(await browser.signIn('/runs?x=1')).toBe('http://127.0.0.1:3000/runs?x=1')
  const actor = await browser.actor()
  expect(actor).toMatchObject({ handle: 'grace-hopper', name: 'Grace Hopper', by: { type: 'session' } })
  expect(await places(actor?.userId ?? '')).toMatchObject([
    {
      account: 'grace-hopper',
      accountName: 'Grace Hopper',
      personal: actor?.userId,
      role: 'owner',
      workspace: 'default',
    },
  ])
  const [user] = await db.engine`select email, last_login_at from users where id = ${actor?.userId ?? ''}`
  expect(user?.email).toBe('grace-hopper@example.com')
  expect(user?.lastLoginAt).not.toBeNull()
  const [session] =
    await db.engine`select to_jsonb(s)::text as all, user_agent, ip_address from sessions s where user_id = ${actor?.userId ?? ''}`
  expect(session).toMatchObject({ userAgent: 'Firefox', ipAddress: `10.0.0.${address}` })
  expect(session?.all).not.toContain(browser.jar.get('next-auth.session-token'))
})

test('a second sign-in finds the same user, also after the login was renamed at GitHub; the handle stays', async () => {
  const id = ++nextId
  gitHub.signIn({ id, login: 'before' })
  const first = new Browser()
  await first.signIn()
  gitHub.signIn({ id, login: 'after' })
  const second = new Browser()
  await second.signIn()
  const [a, b] = [await first.actor(), await second.actor()]
  expect(b?.userId).toBe(a?.userId)
  expect(b?.handle).toBe('before')
  const [kept] =
    await db.engine`select login from user_identities where provider = 'github' and provider_account_id = ${String(id)}`
  expect(kept?.login).toBe('after')
})

test('a stranger who takes a given-up login becomes somebody else', async () => {
  gitHub.signIn({ id: ++nextId, login: 'reused' })
  const owner = new Browser()
  await owner.signIn()
  gitHub.signIn({
    id: ++nextId,
    login: 'reused',
    emails: [{ email: 'reused@example.com', primary: true, verified: true }],
  })
  const stranger = new Browser()
  await stranger.signIn()
  const [a, b] = [await owner.actor(), await stranger.actor()]
  expect(b?.userId).not.toBe(a?.userId)
  expect(b?.handle).toBe('reused-2')
})

test('a reserved login gets another handle', async () => {
  gitHub.signIn({ id: ++nextId, login: 'Admin' })
  const browser = new Browser()
  await browser.signIn()
  expect((await browser.actor())?.handle).toBe('admin-2')
})

test.each([
  ['no public e-mail: the verified primary one counts', { publicEmail: null }, 'primary@example.com'],
  [
    'a public e-mail that is not verified: it is not believed',
    {
      publicEmail: 'ceo@example.com',
      emails: [{ email: 'ceo@example.com', primary: true, verified: false }],
    },
    null,
  ],
])('%s', async (_, change, email) => {
  gitHub.signIn({
    id: ++nextId,
    login: `mail${nextId}`,
    emails: [
      { email: 'other@example.com', primary: false, verified: true },
      { email: 'primary@example.com', primary: true, verified: true },
    ],
    ...change,
  })
  const browser = new Browser()
  await browser.signIn()
  const [user] = await db.engine`select email from users where id = ${(await browser.actor())?.userId ?? ''}`
  expect(user?.email).toBe(email)
})

test('e-mails that GitHub withholds are no obstacle', async () => {
  gitHub.signIn({ id: ++nextId, login: `quiet${nextId}` })
  gitHub.tellsEmails = false
  const browser = new Browser()
  await browser.signIn()
  const [user] = await db.engine`select email from users where id = ${(await browser.actor())?.userId ?? ''}`
  expect(user?.email).toBeNull()
})

test('a denied consent comes back to the sign-in page and makes nobody', async () => {
  gitHub.signIn({ id: ++nextId, login: 'hesitant' })
  gitHub.consent = 'deny'
  const browser = new Browser()
  expect(await browser.signIn()).toBe('http://127.0.0.1:3000/sign-in?error=AccessDenied')
  expect(await browser.actor()).toBeNull()
  expect((await db.engine`select 1 from users where handle = 'hesitant'`).length).toBe(0)
})

test("a replayed callback is refused, in the same browser and in a thief's", async () => {
  gitHub.signIn({ id: ++nextId, login: 'replayed' })
  const browser = new Browser()
  await browser.signIn()
  const exchanged = gitHub.exchanged.length
  expect(await browser.arrive(await browser.visit(browser.callback))).toMatch(/\/sign-in\?.*error=/)
  const thief = new Browser()
  expect(await thief.arrive(await thief.visit(browser.callback))).toMatch(/\/sign-in\?.*error=/)
  expect(await thief.actor()).toBeNull()
  expect(gitHub.exchanged.length).toBe(exchanged)
})

test('state and PKCE are checked: a callback with another state, or without its cookies, opens nothing', async () => {
  gitHub.signIn({ id: ++nextId, login: 'forged' })
  const browser = new Browser()
  const started = browser.keep(await startGitHubSignIn(settings(), '/'))
  const location = new URL(started.headers.get('location') ?? '')
  expect(location.searchParams.get('code_challenge_method')).toBe('S256')
  expect(location.searchParams.get('state')?.length).toBeGreaterThan(20)
  const consent = await fetch(location, { redirect: 'manual' })
  const forged = new URL(consent.headers.get('location') ?? '')
  forged.searchParams.set('state', 'another')
  expect(await browser.arrive(await browser.visit(forged.href))).toMatch(/error=/)
  expect(await browser.actor()).toBeNull()
})

test('a wrong client secret shows an error and makes nobody', async () => {
  gitHub.signIn({ id: ++nextId, login: 'misconfigured' })
  const browser = new Browser({ github: { id: gitHub.clientId, secret: 'wrong', url: gitHub.url } })
  expect(await browser.signIn()).toMatch(/\/sign-in\?.*error=/)
  expect(await browser.actor()).toBeNull()
})

test('signing in as somebody else in the same browser does not tie the two together', async () => {
  gitHub.signIn({ id: ++nextId, login: 'first-person' })
  const browser = new Browser()
  await browser.signIn()
  const first = await browser.actor()
  gitHub.signIn({ id: ++nextId, login: 'second-person' })
  await browser.signIn()
  expect((await browser.actor())?.userId).not.toBe(first?.userId)
  expect((await browser.actor())?.handle).toBe('second-person')
})

test('https gets a secure cookie, plain http a plain one; both are HttpOnly and same-site', async () => {
  gitHub.signIn({ id: ++nextId, login: 'cookies' })
  const browser = new Browser()
  const started = await startGitHubSignIn(settings({ origin: 'https://rigel.example' }), '/')
  expect(
    started.headers
      .getSetCookie()
      .every((cookie) => /; secure/i.test(cookie) && /^__(Secure|Host)-/.test(cookie)),
  ).toBe(true)
  expect(new URL(started.headers.get('location') ?? '').searchParams.get('redirect_uri')).toBe(
    'https://rigel.example/api/auth/callback/github',
  )
  await browser.signIn()
  expect([...browser.jar.keys()]).toContain('next-auth.session-token')
})

test('what an operator prepared by login and e-mail is found at the first sign-in; only one of the two is not enough', async () => {
  const prepared = await bootstrapTenant(db, {
    userLogin: 'Invitee',
    email: 'Invitee@Example.com',
    accountHandle: 'prepared',
    workspaceHandle: 'main',
  })
  gitHub.signIn({
    id: ++nextId,
    login: 'invitee',
    emails: [
      { email: 'thief@example.com', primary: true, verified: true },
      { email: 'invitee@example.com', primary: false, verified: false },
    ],
  })
  const thief = new Browser()
  await thief.signIn()
  expect((await thief.actor())?.userId).not.toBe(prepared.userId)
  gitHub.signIn({
    id: ++nextId,
    login: 'invitee',
    emails: [{ email: 'invitee@example.com', primary: true, verified: true }],
  })
  const invitee = new Browser()
  await invitee.signIn()
  expect((await invitee.actor())?.userId).toBe(prepared.userId)
})

test('two tabs that come back at once make one user', async () => {
  const profile = {
    provider: 'github',
    providerAccountId: 'tabs',
    login: 'tabs',
    name: 'Tabs',
    email: null,
    verifiedEmails: [],
    imageUrl: null,
  } as const
  const made = await Promise.all(Array.from({ length: 5 }, () => signUp(db, profile)))
  expect(new Set(made.map(({ userId }) => userId)).size).toBe(1)
  expect(made.filter(({ isNew }) => isNew)).toHaveLength(1)
})

test('many strangers of the same login at once each get a handle', async () => {
  const made = await Promise.all(
    Array.from({ length: 5 }, (_, n) =>
      signUp(db, {
        provider: 'github',
        providerAccountId: `same${n}`,
        login: 'same',
        name: 'Same',
        email: null,
        verifiedEmails: [],
        imageUrl: null,
      }),
    ),
  )
  const rows =
    await db.engine`select handle from users where id in ${db.engine(made.map(({ userId }) => userId))} order by handle`
  expect(rows.map(({ handle }) => handle)).toEqual(['same', 'same-2', 'same-3', 'same-4', 'same-5'])
})

test.each([
  '/api/auth/session',
  '/api/auth/providers',
  '/api/auth/_log',
  '/api/auth/callback/other',
  '/api/auth',
])('%s is not served', async (path) => {
  for (const method of ['GET', 'POST', 'DELETE']) {
    expect(
      (await handleAuth(new Request(`http://127.0.0.1:3000${path}`, { method }), settings())).status,
    ).toBe(404)
  }
})

test('an address that tries too often is asked to wait', async () => {
  const limited = settings({ ipAddress: '192.0.2.1' })
  let last = new Response()
  for (let n = 0; n < 41; n++)
    last = await handleAuth(new Request('http://127.0.0.1:3000/api/auth/callback/github?error=x'), limited)
  expect(last.headers.get('location')).toBe('/sign-in?error=TooMany')
  expect(Number(last.headers.get('retry-after'))).toBeGreaterThan(0)
})

const local = { github: undefined, allowsLocalLink: true } as const
const visitLink = (
  link: string,
  change: Partial<AuthSettings> = local,
  headers: Record<string, string> = {},
) => signInByLink(new Request(link, { headers }), settings(change))

test('the one-time link signs the local user in, once', async () => {
  const link = await createSignInLink(db, 'http://127.0.0.1:3000')
  const browser = new Browser(local)
  expect(browser.keep(await visitLink(link)).headers.get('location')).toBe('/')
  const actor = await browser.actor()
  expect(actor).toMatchObject({ handle: 'local' })
  expect(await places(actor?.userId ?? '')).toMatchObject([
    { account: 'local', role: 'owner', workspace: 'default' },
  ])
  const again = await visitLink(link)
  expect(again.headers.get('location')).toBe('/sign-in?error=LinkUsed')
  expect(again.headers.getSetCookie()).toEqual([])
  const second = new Browser(local)
  second.keep(await visitLink(await createSignInLink(db, 'http://127.0.0.1:3000/')))
  expect((await second.actor())?.userId).toBe(actor?.userId)
})

test('of many who press the link at once one gets in', async () => {
  const link = await createSignInLink(db, 'http://127.0.0.1:3000')
  const answers = await Promise.all(Array.from({ length: 6 }, () => visitLink(link)))
  expect(answers.filter((answer) => answer.headers.get('location') === '/')).toHaveLength(1)
})

test('a link that is old, guessed, fetched ahead, or on a server for others opens nothing', async () => {
  const link = await createSignInLink(db, 'http://127.0.0.1:3000')
  expect((await visitLink(link, local, { 'sec-purpose': 'prefetch;prerender' })).status).toBe(503)
  expect((await visitLink(link, { allowsLocalLink: false })).headers.get('location')).toBe(
    '/sign-in?error=NoLocalLink',
  )
  await db.engine`update sign_in_links set expires_at = now() - interval '1 second'`
  expect((await visitLink(link)).headers.get('location')).toBe('/sign-in?error=LinkUsed')
  expect((await visitLink('http://127.0.0.1:3000/sign-in/local?token=guess')).headers.get('location')).toBe(
    '/sign-in?error=LinkUsed',
  )
  expect((await visitLink('http://127.0.0.1:3000/sign-in/local')).headers.get('location')).toBe(
    '/sign-in?error=LinkUsed',
  )
})

test.each([
  ['/runs?state=FAILED', '/runs?state=FAILED'],
  ['/auth/client?callback=http%3A%2F%2Flocalhost%3A1', '/auth/client?callback=http%3A%2F%2Flocalhost%3A1'],
  ['//evil.example', '/'],
  ['/\\evil.example', '/'],
  ['/\t/evil.example', '/'],
  ['https://evil.example', '/'],
  ['/a\\b', '/'],
  ['/sign-in?callbackUrl=/', '/'],
  [undefined, '/'],
])('after signing in %j leads to %j', (wanted, path) => {
  expect(safePath(wanted)).toBe(path)
})
