import { fetchWorkspaces, RefusedByServer, rootCause } from '../connection/fetch-workspaces.js'
import { type Environment, readEnvironment } from '../settings/environment.js'
import { type Profile, readProfile, type Workspace } from '../settings/profile.js'
import { chooseTarget, type Target, workspaceApiUrl } from '../settings/target.js'
import { CliError } from './cli-error.js'

const TIMEOUT_MS = 30_000
const SIGN_IN = 'rigel login -k KEY'

export interface SignedIn {
  readonly environment: Environment
  readonly profile: Profile | null
  readonly target: Target
}

/** Who is signed in by environment or profile. Throws CliError when nobody is. */
export function requireSignedIn(): SignedIn {
  const environment = readEnvironment()
  const profile = readProfile(environment.home)
  const target = chooseTarget(environment, profile)
  if (!target) throw new CliError('nobody is signed in on this machine', SIGN_IN)
  return { environment, profile, target }
}

/** The workspaces of a key, with refusals put into words. */
export async function listWorkspaces(url: string, apiKey: string): Promise<Workspace[]> {
  try {
    return await fetchWorkspaces(url, apiKey)
  } catch (error) {
    if (!(error instanceof RefusedByServer)) throw error
    throw new CliError(
      `${url} refused the API key (${error.status}): it may be mistyped, revoked, expired, or made for another server`,
      `rigel login -k KEY --url ${url}`,
    )
  }
}

/** REST calls to the chosen workspace. */
export class WorkspaceApi {
  private constructor(
    readonly apiUrl: string,
    readonly apiKey: string,
  ) {}

  /** Of the workspace that the session names, or of the only one that the key opens. */
  static async open({ target }: SignedIn = requireSignedIn()): Promise<WorkspaceApi> {
    const { url, apiKey } = target
    const { accountId, workspaceId } = target.workspace ?? (await onlyWorkspace(url, apiKey))
    return new WorkspaceApi(workspaceApiUrl(url, accountId, workspaceId), apiKey)
  }

  get(path: string): Promise<unknown> {
    return this.call('GET', path, undefined)
  }

  post(path: string, body: unknown): Promise<unknown> {
    return this.call('POST', path, body)
  }

  private async call(method: string, path: string, body: unknown): Promise<unknown> {
    let answer: Response
    try {
      answer = await fetch(`${this.apiUrl}/${path}`, {
        method,
        headers: {
          authorization: `Bearer ${this.apiKey}`,
          accept: 'application/json',
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
    } catch (error) {
      throw new CliError(`${this.apiUrl} cannot be reached: ${rootCause(error)}`)
    }
    if (answer.ok) return answer.json()
    throw await refusal(answer)
  }
}

async function refusal(answer: Response): Promise<CliError> {
  const { status } = answer
  if (status === 401)
    return new CliError('the API key was refused (401): it may be revoked or expired', SIGN_IN)
  if (status === 403) return new CliError('the API key does not allow this (403)', 'rigel whoami')
  const body: unknown = await answer.json().catch(() => null)
  const fields = (typeof body === 'object' && body !== null ? body : {}) as Readonly<Record<string, unknown>>
  const said = [fields.detail, fields.exception_message].find((each) => typeof each === 'string')
  return new CliError(`the control plane answered ${status}${said ? `: ${said}` : ''}`)
}

async function onlyWorkspace(url: string, apiKey: string): Promise<Workspace> {
  const workspaces = await listWorkspaces(url, apiKey)
  const [only, another] = workspaces
  if (!only) throw new CliError(`the API key opens no workspace at ${url}`)
  if (another) {
    throw new CliError(
      `the API key opens several workspaces: ${workspaces.map((each) => each.handle).join(', ')}`,
      `rigel workspace set ${only.handle}`,
    )
  }
  return only
}
