import { z } from 'zod'
import { AGENT_PROTOCOL, MAX_FRAME_BYTES, type ServerFrame } from '../../../agent/src/protocol/frames.ts'
import { Problem } from '../../domain/problem.ts'
import { applyRecords, numberedRecords } from '../agent/records.ts'
import { holdsUnstorableText, withStorableText } from '../json.ts'
import { uuid } from '../schemas.ts'
import { CLOSE, firstFrame, type WorkspaceSocket } from './accept.ts'

const hello = z.looseObject({
  type: z.literal('hello'),
  protocol: z.literal(AGENT_PROTOCOL),
  outboxId: uuid,
  agentVersion: z.string().max(200),
  host: z.string().max(500),
  pid: z.number().int(),
})
const frame = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal('records'), records: numberedRecords }),
  z.looseObject({ type: z.literal('ping'), n: z.number() }),
])

/** Frames of one agent that may wait; beyond, reading pauses. */
const MAX_WAITING_FRAMES = 8

const FLOW_RUN = 'prefect.flow-run.'

const isCancelling = (body: string): boolean =>
  (JSON.parse(body) as { resource?: Readonly<Record<string, string>> }).resource?.['prefect.state-type'] ===
  'CANCELLING'

/** One agent's stream. Records are acknowledged after commit, in their order; see agent/src/protocol. */
export function agentConnect({
  ws,
  services,
  actor,
  access,
  workspaceId,
  handshakeMs,
}: WorkspaceSocket): void {
  const send = (message: ServerFrame): void => {
    if (ws.readyState === ws.OPEN) ws.send(JSON.stringify(message))
  }
  const ctx = { actor, access, workspaceId, db: services.db, nowMicros: services.nowMicros }
  const reportedRuns = new Set<string>()
  let waiting = 0
  let failed = false
  let chain: Promise<void> = Promise.resolve()

  const takeRecords = (records: z.output<typeof numberedRecords>): void => {
    waiting++
    if (waiting >= MAX_WAITING_FRAMES) ws.pause()
    for (const { record } of records) {
      // From any record: after a break a run may speak of itself by a log line only.
      const { kind, id, flowRunId } = (record ?? {}) as { kind?: unknown; id?: unknown; flowRunId?: unknown }
      const runId = kind === 'flow-run' ? id : flowRunId
      if (typeof runId === 'string') reportedRuns.add(runId.toLowerCase())
    }
    chain = chain.then(async () => {
      // After a failure nothing more is acknowledged: the agent sends it again on a new connection, in order.
      if (failed) return
      try {
        for (const reply of await applyRecords(ctx, services.engine, records)) send(reply)
        const last = records.at(-1)
        if (last) send({ type: 'ack', seq: last.seq })
      } catch (error) {
        failed = true
        if (!(error instanceof Problem))
          services.log.error({ err: error }, "an agent's records were not stored")
        ws.close(CLOSE.trouble, 'records could not be stored; send again what was not acknowledged')
      }
      waiting--
      if (ws.isPaused && waiting < MAX_WAITING_FRAMES) ws.resume()
    })
  }

  firstFrame(ws, handshakeMs, "Expected 'hello'", CLOSE.policy, (first) => {
    const checked = hello.safeParse(first)
    if (!checked.success) return ws.close(CLOSE.policy, `Expected 'hello' of ${AGENT_PROTOCOL}`)
    send({ type: 'welcome', workspaceId, accountId: access.accountId })
    ws.on('ping', (data) => ws.pong(data))
    ws.on('message', (data) => {
      let text = String(data)
      if (text.length > MAX_FRAME_BYTES)
        return ws.close(
          CLOSE.tooLarge,
          `a frame may have ${MAX_FRAME_BYTES} bytes at most: send fewer records at a time`,
        )
      let value: unknown
      try {
        if (holdsUnstorableText(text)) text = withStorableText(text)
        value = JSON.parse(text)
      } catch {
        return ws.close(CLOSE.policy, 'a frame is not JSON')
      }
      const message = frame.safeParse(value)
      if (!message.success)
        return ws.close(CLOSE.policy, `not a frame: ${message.error.issues[0]?.message ?? ''}`.slice(0, 120))
      if (message.data.type === 'ping') send({ type: 'pong', n: message.data.n })
      else takeRecords(message.data.records)
    })
    // Events, not changes: those of other replicas come too.
    const stop = services.events.subscribe(workspaceId, (events) => {
      for (const { event, resource_id: resource, body } of events) {
        const flowRunId = resource.slice(FLOW_RUN.length)
        if (event.startsWith(FLOW_RUN) && reportedRuns.has(flowRunId) && isCancelling(body))
          send({ type: 'cancel', flowRunId })
      }
    })
    ws.once('close', stop)
  })
}
