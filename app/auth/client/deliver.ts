import type { ClientCallback } from '#lib/identity/client-callback.ts'

const patienceMs = 10_000

async function post(url: string, body: object): Promise<boolean> {
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      redirect: 'error',
      signal: AbortSignal.timeout(patienceMs),
    })
    return answer.ok
  } catch {
    return false
  }
}

/** Brings the key to the program that waits for it on this computer, in a body: addresses end up in histories and logs. */
export const deliverKey = ({ url, style }: ClientCallback, key: string): Promise<boolean> =>
  post(style === 'plain' ? url : `${url}/success`, { api_key: key })

/** So that the program need not wait until it gives up. */
export async function deliverFailure({ url }: ClientCallback, reason: string): Promise<void> {
  await post(`${url}/failure`, { reason })
}
