import { z } from 'zod'
import type { LiveMessage, LiveTopic } from '../../domain/change.ts'
import { route } from '../route.ts'

const topic = z
  .string()
  .regex(
    /^(runs|flow-run:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|objects:(?:[a-z-]{1,40}|flow-run:[0-9a-f-]{36})(?:,(?:[a-z-]{1,40}|flow-run:[0-9a-f-]{36})){0,9})$/,
    'must be runs, or flow-run: and an id, or objects: and nouns',
  )
  // Safe: the pattern is the type.
  .transform((text) => text as LiveTopic)

/** A comment line now and then keeps proxies from closing a quiet stream. */
const HEARTBEAT_MS = 15_000
/** Changes that come within this time share a message: a burst of task runs is one fold on the page. */
const GATHER_MS = 20
/** What may wait for a tab that reads slowly; beyond, the stream ends and the tab resumes from its cursor. */
const MAX_BACKLOG_BYTES = 4 * 1024 * 1024

const live = route({
  method: 'GET',
  path: '/live',
  permission: { in: 'workspace', scope: 'see_flows' },
  summary: 'Follow what happens, as server-sent events',
  tag: 'Live',
  query: z.looseObject({ cursor: z.string().max(100).optional(), topic }),
  success: { 200: z.string() },
  handle: ({ query, header, services, workspaceId, actor }) => {
    const encoder = new TextEncoder()
    const from = header('last-event-id') ?? query.cursor ?? null
    let leave = (): void => {}
    let end = (): void => {}
    const body = new ReadableStream<Uint8Array>(
      {
        start(controller) {
          let gathered: Extract<LiveMessage, { type: 'changes' }> | null = null
          let timer: NodeJS.Timeout | undefined
          let closed = false
          const write = (text: string): void => {
            if (closed) return
            if ((controller.desiredSize ?? 0) >= -MAX_BACKLOG_BYTES) {
              controller.enqueue(encoder.encode(text))
              return
            }
            leave()
            controller.close()
          }
          const send = (message: LiveMessage): void =>
            write(`id: ${message.cursor}\ndata: ${JSON.stringify(message)}\n\n`)
          const flush = (): void => {
            timer = undefined
            if (gathered) send(gathered)
            gathered = null
          }
          // First of all a byte, so that the browser knows the stream is open.
          write(': live\n\n')
          const subscription = services.hub.subscribe(workspaceId, query.topic, from, {
            onChanges: (changes, cursor) => {
              gathered = {
                type: 'changes',
                cursor,
                changes: gathered ? [...gathered.changes, ...changes] : changes,
              }
              timer ??= setTimeout(flush, GATHER_MS)
            },
            onGap: (cursor) => send({ type: 'gap', cursor }),
          })
          const heartbeat = setInterval(() => write(': still here\n\n'), HEARTBEAT_MS)
          const stopListening = services.identity.onRevoked(actor, workspaceId, () => end())
          const stopWithServer = services.onShutdown(() => end())
          leave = () => {
            if (closed) return
            closed = true
            clearTimeout(timer)
            clearInterval(heartbeat)
            subscription.close()
            stopListening()
            stopWithServer()
          }
          end = () => {
            if (closed) return
            flush()
            // The last message may have been the one too many.
            if (closed) return
            leave()
            controller.close()
          }
        },
        // The reader is gone: what is gathered has nowhere to go, and the stream is closed already.
        cancel: () => leave(),
      },
      { highWaterMark: 0, size: (chunk) => chunk.byteLength },
    )
    return {
      status: 200,
      body,
      headers: {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        // nginx would hold events back to fill its buffer.
        'x-accel-buffering': 'no',
      },
    }
  },
})

export const liveRoutes = [live]
