/** What POST /api/me/api_keys answers, as far as a page needs it. The key is shown once. */
export interface NewKey {
  readonly id: string
  readonly name: string
  readonly key: string
  readonly expiration: string | null
}

/** Where clients look when nothing tells them otherwise. */
const defaultOrigins = ['http://127.0.0.1:3000', 'http://localhost:3000']

interface Login {
  readonly key: string
  readonly origin: string
  /** `account/workspace`, where the key alone does not say which. */
  readonly workspaceSlug?: string
}

/** Complete lines: pasted as they are, they work. */
export function loginCommands({ key, origin, workspaceSlug }: Login) {
  const workspace = workspaceSlug ? ` -w ${workspaceSlug}` : ''
  const url = defaultOrigins.includes(origin) ? '' : ` --url ${origin}`
  return {
    rigel: `rigel login -k ${key}${url}`,
    prefectApi: `prefect config set PREFECT_CLOUD_API_URL=${origin}/api`,
    prefect: `prefect cloud login -k ${key}${workspace}`,
    env: [`RIGEL_API_URL=${origin}/api`, `RIGEL_API_KEY=${key}`].join('\n'),
  } as const
}
