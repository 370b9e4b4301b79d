import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Hold } from './hold.js'

export interface HttpAnswer {
  readonly status: number
  readonly retryAfterSeconds: number | null
  readonly body: string
}

const MAX_ANSWER_BYTES = 16 * 1024 * 1024
const TIMEOUT_MS = 30_000

/** One POST of JSON. `fetch` would do, but its socket cannot be told to let the process end. */
export function postJson(
  url: string,
  apiKey: string,
  body: string,
  hold: Hold,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const request = url.startsWith('https:') ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${apiKey}`,
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    }
    const call = request(url, { method: 'POST', headers, signal, timeout: TIMEOUT_MS }, (answer) => {
      const parts: Buffer[] = []
      let bytes = 0
      answer.on('data', (part: Buffer) => {
        bytes += part.length
        if (bytes > MAX_ANSWER_BYTES) call.destroy(new Error('the answer is too large'))
        else parts.push(part)
      })
      answer.on('error', reject)
      answer.on('end', () => {
        const retryAfter = Number(answer.headers['retry-after'] ?? Number.NaN)
        resolve({
          status: answer.statusCode ?? 0,
          retryAfterSeconds: Number.isFinite(retryAfter) ? retryAfter : null,
          body: Buffer.concat(parts).toString('utf8'),
        })
      })
    })
    call.on('timeout', () => call.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)))
    call.on('error', reject)
    call.on('socket', (socket) => {
      const forget = hold.track(socket)
      call.on('close', forget)
    })
    call.end(body)
  })
}
