'use client'

export type Sent<T> =
  | { readonly ok: true; readonly body: T }
  | { readonly ok: false; readonly status: number; readonly reason: string }

/**
 * A write with the session's cookie. The header is what tells it from a request that another site made.
 * Never throws: a refusal comes back with its reason in words.
 */
export const sendJson = <T>(method: Method, path: string, body?: unknown): Promise<Sent<T>> =>
  sendText(method, path, body === undefined ? undefined : JSON.stringify(body))

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** The same with JSON text as it is, so that long numbers keep their digits. */
export async function sendText<T>(method: Method, path: string, json?: string): Promise<Sent<T>> {
  let response: Response
  try {
    response = await fetch(path, {
      method,
      credentials: 'same-origin',
      headers: { 'x-rigel-csrf': '1', ...(json === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(json === undefined ? {} : { body: json }),
    })
  } catch {
    return { ok: false, status: 0, reason: 'The server did not answer.' }
  }
  const text = await response.text()
  let parsed: unknown = null
  try {
    parsed = text === '' ? null : JSON.parse(text)
  } catch {
    parsed = null
  }
  if (response.ok) return { ok: true, body: parsed as T }
  return {
    ok: false,
    status: response.status,
    reason: reasonIn(parsed) ?? `The server answered ${response.status}.`,
  }
}

function reasonIn(body: unknown): string | null {
  if (typeof body !== 'object' || body === null) return null
  for (const name of ['detail', 'message', 'exception_message']) {
    const value: unknown = Reflect.get(body, name)
    if (typeof value === 'string' && value !== '') return value
    if (Array.isArray(value)) {
      const first: unknown = value[0]
      const words =
        typeof first === 'object' && first !== null ? (Reflect.get(first, 'msg') as unknown) : first
      if (typeof words === 'string') return words
    }
  }
  return null
}
