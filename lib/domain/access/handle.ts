/** A handle stands in URLs and in `account/workspace`: lower-case letters, digits and single dashes between them. */
export const handlePattern = /^[a-z0-9](-?[a-z0-9])*$/
export const maxHandleLength = 60

/** Words that are parts of Rigel's own addresses, or that would let somebody pass for its operator. */
// biome-ignore format: a list to read by letter
const reservedHandles: ReadonlySet<string> = new Set([
  'about', 'abuse', 'access', 'account', 'accounts', 'admin', 'administrator', 'api', 'app', 'assets', 'auth',
  'automations', 'billing', 'blocks', 'blog', 'callback', 'cdn', 'cloud', 'concurrency', 'console', 'contact',
  'dashboard', 'deployments', 'docs', 'download', 'events', 'everyone', 'explore', 'favicon', 'flows', 'github',
  'health', 'help', 'home', 'hooks', 'img', 'invitations', 'legal', 'local', 'login', 'logout', 'mail', 'me',
  'metrics', 'new', 'news', 'null', 'official', 'open', 'org', 'orgs', 'owner', 'prefect', 'pricing', 'privacy',
  'profile', 'public', 'ready', 'register', 'rigel', 'root', 'runs', 'security', 'settings', 'sign-in', 'sign-out',
  'sign-up', 'signin', 'signout', 'signup', 'staff', 'static', 'status', 'stripe', 'support', 'system', 'team',
  'teams', 'terms', 'undefined', 'user', 'users', 'variables', 'webhooks', 'work-pools', 'workspace', 'workspaces',
  'www',
])

export const isReservedHandle = (handle: string): boolean => reservedHandles.has(handle)

export const isHandle = (text: string): boolean => text.length <= maxHandleLength && handlePattern.test(text)

/** The sentence that refuses a text as a handle; null when it is one. */
export const handleShapeProblem = (text: string): string | null =>
  isHandle(text)
    ? null
    : `A handle is made of lower-case letters, digits and single dashes between them, at most ${maxHandleLength} characters: ${JSON.stringify(text.slice(0, 80))} is not.`

/** The sentence that refuses a handle for a user or an account; null when it may be taken. */
export const handleProblem = (handle: string): string | null =>
  handleShapeProblem(handle) ??
  (isReservedHandle(handle) ? `The handle ${handle} is reserved; choose another one.` : null)

// Leaves room for a number at the end.
const longestBase = 50

/** A handle from a sign-in provider's login, which may hold capitals, underscores or anything else. */
export function handleFrom(login: string): string {
  const handle = login
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, longestBase)
    .replace(/^-+|-+$/g, '')
  return handle || 'user'
}

/** The handle itself unless it is reserved, then `…-2`, `…-3` and so on: what to try until one is free. */
export function* handleCandidates(login: string, howMany = 100): Generator<string> {
  const base = handleFrom(login)
  if (!isReservedHandle(base)) yield base
  for (let n = 2; n <= howMany; n++) yield `${base}-${n}`
}
