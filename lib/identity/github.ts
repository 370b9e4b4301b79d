import type { OAuthConfig } from 'next-auth/providers/oauth'
import { z } from 'zod'
import type { GitHubConfig } from '../config/config.ts'
import type { ProviderProfile } from '../control/users/sign-up.ts'

const timeoutMs = 10_000

const gitHubUser = z.object({
  id: z.number().int(),
  login: z.string().min(1).max(255),
  name: z
    .string()
    .nullish()
    .transform((name) => name ?? undefined),
  avatar_url: z.string().max(2048).nullish().catch(null),
})
export type GitHubUser = z.infer<typeof gitHubUser> & { readonly emails: readonly VerifiedEmail[] }

const gitHubEmails = z.array(z.object({ email: z.string(), primary: z.boolean(), verified: z.boolean() }))
interface VerifiedEmail {
  readonly email: string
  readonly primary: boolean
}

/** `https://api.github.com`, or the API below a GitHub Enterprise Server. */
const apiOf = (url: string): string =>
  url === 'https://github.com' ? 'https://api.github.com' : `${url}/api/v3`

async function ask(url: string, token: string): Promise<Response> {
  return fetch(url, {
    headers: {
      authorization: `Bearer ${token}`,
      accept: 'application/vnd.github+json',
      'user-agent': 'rigel',
    },
    signal: AbortSignal.timeout(timeoutMs),
    redirect: 'error',
  })
}

/** The user whom the token stands for, with the e-mails that GitHub verified: the public one is what anybody may type in. */
async function readUser(api: string, token: string): Promise<GitHubUser> {
  const answer = await ask(`${api}/user`, token)
  if (!answer.ok) throw new Error(`GitHub answered ${answer.status} when asked who signed in`)
  const user = gitHubUser.parse(await answer.json())
  return { ...user, emails: await readVerifiedEmails(api, token) }
}

async function readVerifiedEmails(api: string, token: string): Promise<readonly VerifiedEmail[]> {
  const answer = await ask(`${api}/user/emails`, token).catch(() => null)
  // Whoever withholds its e-mails signs in without one.
  if (!answer?.ok) return []
  const emails = gitHubEmails.safeParse(await answer.json().catch(() => null))
  return emails.success ? emails.data.filter(({ verified, email }) => verified && email.length <= 320) : []
}

const tidy = (text: string): string =>
  text
    .toWellFormed()
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, 500)

export function profileOf(user: GitHubUser): ProviderProfile {
  return {
    provider: 'github',
    providerAccountId: String(user.id),
    login: user.login,
    name: tidy(user.name ?? '') || user.login,
    email: (user.emails.find(({ primary }) => primary) ?? user.emails[0])?.email ?? null,
    verifiedEmails: user.emails.map(({ email }) => email),
    imageUrl: user.avatar_url && /^https?:\/\//.test(user.avatar_url) ? user.avatar_url : null,
  }
}

/** GitHub, or a GitHub Enterprise Server, for next-auth. `onProfile` hears who came back. */
export function gitHubProvider(
  { id, secret, url }: GitHubConfig,
  onProfile: (profile: ProviderProfile) => void,
): OAuthConfig<GitHubUser> {
  const api = apiOf(url)
  return {
    id: 'github',
    name: 'GitHub',
    type: 'oauth',
    // GitHub names itself so in the callback's `iss`, which must match.
    issuer: `${url}/login/oauth`,
    authorization: { url: `${url}/login/oauth/authorize`, params: { scope: 'read:user user:email' } },
    token: `${url}/login/oauth/access_token`,
    userinfo: {
      url: `${api}/user`,
      request: async ({ tokens }) => readUser(api, tokens.access_token ?? ''),
    },
    checks: ['pkce', 'state'],
    clientId: id,
    clientSecret: secret,
    httpOptions: { timeout: timeoutMs },
    profile(user) {
      const profile = profileOf(user)
      onProfile(profile)
      return {
        id: profile.providerAccountId,
        name: profile.name,
        email: profile.email,
        image: profile.imageUrl,
      }
    },
  }
}
