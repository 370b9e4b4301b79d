import type { Workspace } from '../settings/profile.js'

export class RefusedByServer extends Error {
  override readonly name = 'RefusedByServer'
  constructor(readonly status: 401 | 403) {
    super(`the API key was refused (${status})`)
  }
}

const TIMEOUT_MS = 15_000

/** The workspaces that a key opens (`GET {url}/api/me/workspaces`). Throws RefusedByServer for 401 and 403. */
export async function fetchWorkspaces(url: string, apiKey: string): Promise<Workspace[]> {
  let answer: Response
  try {
    answer = await fetch(`${url}/api/me/workspaces`, {
      headers: { authorization: `Bearer ${apiKey}`, accept: 'application/json' },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
  } catch (error) {
    throw new Error(`${url} cannot be reached: ${rootCause(error)}`, { cause: error })
  }
  if (answer.status === 401 || answer.status === 403) throw new RefusedByServer(answer.status)
  if (!answer.ok)
    throw new Error(`${url} answered ${answer.status} to the question which workspaces there are`)
  const list: unknown = await answer.json().catch(() => null)
  if (!Array.isArray(list)) throw new Error(`${url} does not answer like a Rigel control plane`)
  return list.flatMap(readWorkspace)
}

function readWorkspace(value: unknown): Workspace[] {
  const item = (typeof value === 'object' && value !== null ? value : {}) as Readonly<Record<string, unknown>>
  const { account_id: accountId, workspace_id: workspaceId } = item
  if (typeof accountId !== 'string' || typeof workspaceId !== 'string') return []
  return [{ accountId, workspaceId, handle: `${item.account_handle}/${item.workspace_handle}` }]
}

/** `fetch` says only "fetch failed"; the reason stands beneath. */
export function rootCause(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error
  if (cause instanceof AggregateError && cause.errors.length > 0) return rootCause(cause.errors[0])
  return cause instanceof Error
    ? cause.message || String((cause as NodeJS.ErrnoException).code)
    : String(cause)
}
