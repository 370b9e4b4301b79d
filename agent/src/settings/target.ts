import type { Environment } from './environment.js'
import type { Profile, Workspace } from './profile.js'

export const DEFAULT_URL = 'http://127.0.0.1:3000'

/** The control plane that an address names, with the workspace when the address goes that far. */
export interface Address {
  /** Without `/api` and without a slash at the end. */
  readonly url: string
  readonly accountId?: string
  readonly workspaceId?: string
}

export class WrongAddress extends Error {
  override readonly name = 'WrongAddress'
}

const WORKSPACE_PATH = /\/api\/accounts\/([0-9a-fA-F-]{36})\/workspaces\/([0-9a-fA-F-]{36})$/

/**
 * Reads an address in any of its three forms: the host, `{host}/api`, or the full workspace URL.
 * Throws WrongAddress when it is none of them.
 */
export function parseAddress(text: string): Address {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw new WrongAddress(`"${text}" is not an address. It should look like https://rigel.example.com`)
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new WrongAddress(`"${text}" should begin with http:// or https://`)
  }
  if (url.username || url.password)
    throw new WrongAddress('an address with a user name in it is not accepted')
  const path = url.pathname.replace(/\/+$/, '')
  const full = WORKSPACE_PATH.exec(path)
  if (full?.[1] && full[2]) {
    return { url: url.origin + path.slice(0, full.index), accountId: full[1], workspaceId: full[2] }
  }
  return { url: url.origin + path.replace(/\/api$/, '') }
}

export const workspaceApiUrl = (url: string, accountId: string, workspaceId: string): string =>
  `${url}/api/accounts/${accountId}/workspaces/${workspaceId}`

/** Where the console shows a flow run. */
export const flowRunPage = (url: string, accountId: string, workspaceId: string, flowRunId: string): string =>
  `${url}/account/${accountId}/workspace/${workspaceId}/runs/flow-run/${flowRunId}`

/** Where it shows a deployment. */
export const deploymentPage = (
  url: string,
  accountId: string,
  workspaceId: string,
  deploymentId: string,
): string => `${url}/account/${accountId}/workspace/${workspaceId}/deployments/deployment/${deploymentId}`

/** Where to report, and as whom. `workspace` is unknown when only a key and a host were given. */
export interface Target {
  readonly url: string
  readonly apiKey: string
  readonly workspace: Omit<Workspace, 'handle'> | null
}

/**
 * Where this process reports: the environment wins over the profile, piece by piece.
 * Null when there is no key anywhere.
 */
export function chooseTarget(environment: Environment, profile: Profile | null): Target | null {
  const apiKey = environment.apiKey ?? profile?.apiKey
  if (!apiKey) return null
  const address: Address = environment.apiUrl
    ? parseAddress(environment.apiUrl)
    : { url: profile?.url ?? DEFAULT_URL }
  if (address.accountId && address.workspaceId) {
    const { accountId, workspaceId } = address
    return { url: address.url, apiKey, workspace: { accountId, workspaceId } }
  }
  // A workspace belongs to a host: the profile's says nothing about another one.
  const known = profile && profile.url === address.url ? profile.workspace : null
  const workspace = known ? { accountId: known.accountId, workspaceId: known.workspaceId } : null
  return { url: address.url, apiKey, workspace }
}
