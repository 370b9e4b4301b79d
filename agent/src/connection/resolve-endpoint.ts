import { type Target, workspaceApiUrl } from '../settings/target.js'
import { type Endpoint, notAllowed, ReportingStopped } from './endpoint.js'
import { fetchWorkspaces, RefusedByServer } from './fetch-workspaces.js'

/**
 * The endpoint of a target. When only a host and a key are known, asks the server once which workspaces the key
 * opens: exactly one must be left. Throws ReportingStopped when the user has to choose.
 */
export function endpointResolver(target: Target): () => Endpoint | Promise<Endpoint> {
  const { url, apiKey, workspace } = target
  let known: Endpoint | null = workspace
    ? { apiUrl: workspaceApiUrl(url, workspace.accountId, workspace.workspaceId), apiKey }
    : null
  return async () => {
    known ??= await onlyWorkspace(url, apiKey)
    return known
  }
}

async function onlyWorkspace(url: string, apiKey: string): Promise<Endpoint> {
  const workspaces = await fetchWorkspaces(url, apiKey).catch((error) => {
    throw error instanceof RefusedByServer ? notAllowed(error.status, apiKey) : error
  })
  const [only, ...others] = workspaces
  if (!only) throw new ReportingStopped(`the API key opens no workspace at ${url}`)
  if (others.length > 0) {
    const handles = workspaces.map((each) => each.handle).join(', ')
    throw new ReportingStopped(
      `the API key opens several workspaces (${handles}). Choose one: export RIGEL_API_URL=${workspaceApiUrl(url, only.accountId, only.workspaceId)}`,
    )
  }
  return { apiUrl: workspaceApiUrl(url, only.accountId, only.workspaceId), apiKey }
}
