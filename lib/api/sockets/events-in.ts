import type { RawData } from 'ws'
import { Problem } from '../../domain/problem.ts'
import type { NewEvent } from '../../engine/engine.ts'
import { eventBody, MAX_EVENT_BYTES, newEvent, quickEvent } from '../events/event.ts'
import { holdsUnstorableText, withStorableText } from '../json.ts'
import { CLOSE, type WorkspaceSocket } from './accept.ts'

/** Events of one socket that may wait for their commit; beyond, reading pauses and the client feels it. */
const MAX_UNCONFIRMED = 5_000

/**
 * Takes one event a text frame. A pong is sent when everything that came before its ping has committed: the client
 * forgets what a pong confirmed. A frame that is no event is skipped, since a close would bring it back.
 */
export function eventsIn({ ws, services, workspaceId }: WorkspaceSocket): void {
  let buffer: NewEvent[] = []
  let scheduled = false
  let unconfirmed = 0
  let skipped = 0
  /** Settles when all that was handed over so far has committed. */
  let committed: Promise<unknown> = Promise.resolve()

  const flush = (): void => {
    scheduled = false
    if (buffer.length === 0) return
    const events = buffer
    buffer = []
    const stored = services.engine.receiveEvents(workspaceId, events).then(() => {
      unconfirmed -= events.length
      if (ws.isPaused && unconfirmed < MAX_UNCONFIRMED) ws.resume()
    })
    committed = Promise.all([committed, stored])
    committed.catch((error: unknown) => {
      if (!(error instanceof Problem)) services.log.error({ err: error }, 'events were not stored')
      // Nothing after the last pong counts as received: the client sends it again.
      ws.close(CLOSE.trouble, 'events could not be stored; send again what was not confirmed')
    })
  }

  ws.on('message', (data: RawData) => {
    const event = readEvent(String(data))
    if (!event) {
      skipped++
      if (skipped === 1)
        services.log.warn({ workspaceId }, 'a frame on events/in was no event and was skipped')
      return
    }
    buffer.push(event)
    unconfirmed++
    if (unconfirmed >= MAX_UNCONFIRMED) ws.pause()
    if (!scheduled) {
      scheduled = true
      setImmediate(flush)
    }
  })
  ws.on('ping', (data: Buffer) => {
    flush()
    committed.then(
      () => {
        if (ws.readyState === ws.OPEN) ws.pong(data)
      },
      () => {},
    )
  })
}

/** null: no JSON, no event, or too large. */
export function readEvent(frame: string): NewEvent | null {
  if (frame.length > MAX_EVENT_BYTES) return null
  try {
    let text = frame
    let value: unknown = JSON.parse(text)
    if (holdsUnstorableText(text)) {
      text = withStorableText(text)
      value = JSON.parse(text)
    }
    const event = quickEvent(value) ?? eventBody.safeParse(value).data
    return event ? newEvent(event, text) : null
  } catch {
    return null
  }
}
