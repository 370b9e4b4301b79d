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

const NOT_TRUSTED =
  'this machine does not trust its certificate (with NODE_EXTRA_CA_CERTS=FILE it trusts that of your own authority too)'

/** What a network's errors mean to who typed the address. */
const IN_WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'the name of the host cannot be looked up just now',
  EHOSTUNREACH: 'no way leads to that host',
  ENETUNREACH: 'no way leads to that network',
  ECONNRESET: 'the connection was cut off',
  UND_ERR_SOCKET: 'the connection was cut off',
  UND_ERR_CONNECT_TIMEOUT: 'nobody answered in time',
  TimeoutError: 'nobody answered in time',
  ERR_SSL_WRONG_VERSION_NUMBER: 'what listens there speaks no https. Try http://',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'what listens there speaks no https. Try http://',
  DEPTH_ZERO_SELF_SIGNED_CERT: NOT_TRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: NOT_TRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: NOT_TRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: NOT_TRUSTED,
}

/** `fetch` says only "fetch failed"; the reason stands beneath. */
export function rootCause(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error
  if (cause instanceof AggregateError && cause.errors.length > 0) return rootCause(cause.errors[0])
  if (!(cause instanceof Error)) return String(cause)
  const code = String((cause as NodeJS.ErrnoException).code ?? cause.name)
  const words = IN_WORDS[code]
  return words === undefined ? cause.message || code : `${words} (${code})`
}
