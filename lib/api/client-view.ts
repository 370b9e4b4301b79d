import type { ClientView } from '../domain/orchestration/decide.ts'

const unknownClient: ClientView = { apiVersion: null, clientVersion: null }
const seen = new Map<string, ClientView>()

/** The client behind a request, from its headers. Remembered, since a handful of clients sends all requests. */
export function clientView(userAgent: string | undefined, apiVersion: string | undefined): ClientView {
  if (!userAgent && !apiVersion) return unknownClient
  const key = `${userAgent}\n${apiVersion}`
  const known = seen.get(key)
  if (known) return known
  const version = /^(\d{1,4})\.(\d{1,4})\.(\d{1,4})$/.exec(apiVersion ?? '')
  const view: ClientView = {
    apiVersion: version ? [Number(version[1]), Number(version[2]), Number(version[3])] : null,
    clientVersion: /^prefect\/(\S+)/.exec(userAgent ?? '')?.[1] ?? null,
  }
  if (seen.size > 1_000) seen.clear()
  seen.set(key, view)
  return view
}

/** The oldest orchestration API that is served; older clients get 400. */
export const OLDEST_API = [0, 8, 0] as const

export function apiVersionProblem(header: string | undefined): string | null {
  if (header === undefined) return null
  const version = /^(\d+)\.(\d+)\.(\d+)$/.exec(header)
  if (!version)
    return `X-PREFECT-API-VERSION must look like 0.8.4, not ${JSON.stringify(header.slice(0, 40))}`
  const [major, minor] = [Number(version[1]), Number(version[2])]
  return major === 0 && minor < OLDEST_API[1]
    ? `This client speaks API version ${header}; the oldest that is served is ${OLDEST_API.join('.')}`
    : null
}
