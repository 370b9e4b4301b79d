import { type Environment, readEnvironment } from '../settings/environment.js'
import { type Profile, readProfile, type Workspace } from '../settings/profile.js'
import { chooseTarget, type Target, workspaceApiUrl } from '../settings/target.js'
import { fetchWorkspaces, RefusedByServer } from './fetch-workspaces.js'
import { keyInWords } from './refused-key.js'
import { WorkspaceApi } from './workspace-api.js'

const SIGN_IN = 'rigel login -k KEY'

/** There is no workspace to talk to: what stood in the way, and the command to try next. */
export class NoWorkspace extends Error {
  override readonly name = 'NoWorkspace'
  constructor(
    message: string,
    readonly tryNext?: string,
  ) {
    super(message)
  }
}

export interface SignedIn {
  readonly environment: Environment
  readonly profile: Profile | null
  readonly target: Target
}

/** Who is signed in by environment or profile. Throws NoWorkspace when nobody is. */
export function requireSignedIn(): SignedIn {
  const environment = readEnvironment()
  const profile = readProfile(environment.home)
  const target = chooseTarget(environment, profile)
  if (!target) throw new NoWorkspace('nobody is signed in on this machine', SIGN_IN)
  return { environment, profile, target }
}

/** The workspaces of a key, with refusals put into words. */
export async function listWorkspaces(url: string, apiKey: string): Promise<Workspace[]> {
  try {
    return await fetchWorkspaces(url, apiKey)
  } catch (error) {
    if (!(error instanceof RefusedByServer)) throw error
    const { name, replace } = keyInWords(apiKey, url)
    throw new NoWorkspace(
      `${url} refused ${name} (${error.status}): it may be mistyped, revoked, expired, or made for another server`,
      replace,
    )
  }
}

/** The workspace that the session names, or the only one that the key opens. */
export async function openWorkspace(
  { target }: Pick<SignedIn, 'target'> = requireSignedIn(),
): Promise<WorkspaceApi> {
  const { accountId, workspaceId } = await workspaceOf({ target })
  return new WorkspaceApi(workspaceApiUrl(target.url, accountId, workspaceId), target.apiKey)
}

/** Which workspace that is. */
export async function workspaceOf({ target }: Pick<SignedIn, 'target'>): Promise<Omit<Workspace, 'handle'>> {
  return target.workspace ?? (await onlyWorkspace(target.url, target.apiKey))
}

async function onlyWorkspace(url: string, apiKey: string): Promise<Workspace> {
  return theOnly(await listWorkspaces(url, apiKey), url)
}

/**
 * The one workspace there is. Throws NoWorkspace for none and for several: then the address has to name it, since no profile
 * says which is meant at this address.
 */
export function theOnly(workspaces: readonly Workspace[], url: string): Workspace {
  const [only, another] = workspaces
  if (!only) throw new NoWorkspace(`the API key opens no workspace at ${url}`)
  if (!another) return only
  throw new NoWorkspace(
    `the API key opens several workspaces: ${workspaces.map((each) => each.handle).join(', ')}. Say in RIGEL_API_URL which one`,
    `export RIGEL_API_URL=${workspaceApiUrl(url, only.accountId, only.workspaceId)}`,
  )
}
