import { MAX_FRAME_BYTES, MAX_RECORDS_PER_FRAME, type ServerFrame } from '../protocol/frames.js'
import { type Endpoint, noSuchWorkspace, notAllowed, ReportingStopped } from './endpoint.js'
import type { Hold } from './hold.js'
import { postJson } from './http-request.js'
import type { Outbox } from './outbox/outbox.js'
import { readServerFrame } from './server-frame.js'

/** How one POST went: `sent` some, nothing was there to send (`idle`), or `unreachable` for now. */
export type PostOutcome =
  | { readonly kind: 'sent' }
  | { readonly kind: 'idle' }
  | { readonly kind: 'unreachable'; readonly reason: string; readonly retryAfterSeconds: number | null }

/**
 * Sends the next records as the body of one `POST {workspace}/agent/frames`, for networks that let no websocket
 * through. Throws ReportingStopped when another attempt would be pointless.
 */
export async function postRecords(
  endpoint: Endpoint,
  outbox: Outbox,
  hold: Hold,
  onFrame: (frame: ServerFrame) => void,
  signal: AbortSignal,
): Promise<PostOutcome> {
  const lines = outbox.read(outbox.ackedSeq, MAX_RECORDS_PER_FRAME, MAX_FRAME_BYTES - 1_024)
  if (lines.length === 0) return { kind: 'idle' }
  const body = `{"outboxId":"${outbox.id}","records":[${lines.map((line) => line.text).join(',')}]}`
  let answer: Awaited<ReturnType<typeof postJson>>
  try {
    answer = await postJson(`${endpoint.apiUrl}/agent/frames`, endpoint.apiKey, body, hold, signal)
  } catch (error) {
    return { kind: 'unreachable', reason: (error as Error).message, retryAfterSeconds: null }
  }
  const { status, retryAfterSeconds } = answer
  if (status === 401 || status === 403) throw notAllowed(status, endpoint.apiKey)
  if (status === 404) throw noSuchWorkspace(endpoint.apiUrl)
  if (status === 400 || status === 422) {
    throw new ReportingStopped(
      `the control plane does not understand this agent (${status}). Update one of them: npm install @rigel/agent@latest`,
    )
  }
  const ack = status === 200 ? takeAnswer(answer.body, onFrame) : null
  if (ack === null || ack <= outbox.ackedSeq) {
    return { kind: 'unreachable', reason: `${endpoint.apiUrl} answered ${status}`, retryAfterSeconds }
  }
  outbox.ack(ack)
  onFrame({ type: 'ack', seq: ack })
  return { kind: 'sent' }
}

/** Hands on the replies and answers the acknowledged number; null when the body is not an answer of ours. */
function takeAnswer(body: string, onFrame: (frame: ServerFrame) => void): number | null {
  try {
    const { ack, replies } = JSON.parse(body) as { ack?: unknown; replies?: unknown }
    for (const reply of Array.isArray(replies) ? replies : []) {
      const frame = readServerFrame(reply)
      if (frame) onFrame(frame)
    }
    return Number.isSafeInteger(ack) ? (ack as number) : null
  } catch {
    return null
  }
}
