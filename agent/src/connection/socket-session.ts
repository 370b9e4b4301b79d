import { hostname } from 'node:os'
import WebSocket from 'ws'
import {
  AGENT_PROTOCOL,
  type AgentFrame,
  CLOSE,
  MAX_FRAME_BYTES,
  MAX_RECORDS_IN_FLIGHT,
  MAX_RECORDS_PER_FRAME,
  type ServerFrame,
} from '../protocol/frames.js'
import { VERSION } from '../version.js'
import { type Endpoint, notAllowed, ReportingStopped } from './endpoint.js'
import type { Hold } from './hold.js'
import type { Outbox } from './outbox/outbox.js'
import { parseServerFrame } from './server-frame.js'

/** How a session ended: `stopped` for good; `unopened` before the welcome; `lost` after it. */
export type SessionEnd =
  | { readonly kind: 'stopped'; readonly error: ReportingStopped }
  | { readonly kind: 'unopened'; readonly reason: string }
  | { readonly kind: 'lost'; readonly reason: string }

export interface SessionTimes {
  /** From the first packet to the welcome. */
  readonly openMs: number
  /** A ping goes out this often; twice without any frame in return and the connection counts as dead. */
  readonly pingMs: number
}

export const DEFAULT_TIMES: SessionTimes = { openMs: 10_000, pingMs: 20_000 }

/** Beyond this much unsent text we wait: the next ack shows that the network takes it again. */
const MAX_BUFFERED_BYTES = 8 * 1024 * 1024
const FRAME_HEAD = '{"type":"records","records":['
const FRAME_TAIL = ']}'

/** One life of the websocket: hello, welcome, then records within the window until it ends. */
export class SocketSession {
  private readonly socket: WebSocket
  private readonly cleanups: (() => void)[] = []
  private welcomed = false
  private sentSeq: number
  private pings = 0
  private heardAtMs = Date.now()
  private end: ((end: SessionEnd) => void) | null = null
  readonly ended: Promise<SessionEnd>

  constructor(
    endpoint: Endpoint,
    private readonly outbox: Outbox,
    private readonly hold: Hold,
    private readonly times: SessionTimes,
    private readonly onFrame: (frame: ServerFrame) => void,
    signal: AbortSignal,
  ) {
    this.sentSeq = outbox.ackedSeq
    this.ended = new Promise((resolve) => {
      this.end = resolve
    })
    this.socket = new WebSocket(`${endpoint.apiUrl.replace(/^http/, 'ws')}/agent/connect`, {
      headers: { authorization: `Bearer ${endpoint.apiKey}` },
      handshakeTimeout: times.openMs,
      maxPayload: MAX_FRAME_BYTES,
      perMessageDeflate: false,
      followRedirects: false,
    })
    this.listen(endpoint)
    const abort = () => this.socket.terminate()
    signal.addEventListener('abort', abort, { once: true })
    this.cleanups.push(() => signal.removeEventListener('abort', abort))
    if (signal.aborted) abort()
  }

  private listen(endpoint: Endpoint): void {
    const socket = this.socket
    socket.on('upgrade', (response) => this.cleanups.push(this.hold.track(response.socket)))
    socket.on('open', () => this.sayHello())
    socket.on('message', (data) => this.receive(data.toString()))
    socket.on('unexpected-response', (request, response) => {
      const status = response.statusCode ?? 0
      request.destroy()
      if (status === 401 || status === 403)
        this.finish({ kind: 'stopped', error: notAllowed(status, endpoint.apiKey) })
      else this.finish({ kind: 'unopened', reason: `${endpoint.apiUrl} answered ${status} to a websocket` })
    })
    socket.on('error', (error) => this.fail(error.message))
    socket.on('close', (code, reason) => {
      const words = reason.toString()
      if (code !== CLOSE.notAllowed)
        return this.fail(`the connection was closed (${code}${words && `: ${words}`})`)
      const sentence = `the control plane refused the connection${words && `: ${words}`}. Sign in again: rigel login -k KEY`
      this.finish({ kind: 'stopped', error: new ReportingStopped(sentence) })
    })
  }

  private sayHello(): void {
    this.send({
      type: 'hello',
      protocol: AGENT_PROTOCOL,
      outboxId: this.outbox.id,
      agentVersion: VERSION,
      host: hostname(),
      pid: process.pid,
    })
    const patience = setTimeout(() => this.fail('no welcome came in time'), this.times.openMs).unref()
    const pinging = setInterval(() => this.ping(), this.times.pingMs).unref()
    this.cleanups.push(
      () => clearTimeout(patience),
      () => clearInterval(pinging),
    )
    this.onWelcome = () => clearTimeout(patience)
  }

  private onWelcome = (): void => {}

  private receive(text: string): void {
    this.heardAtMs = Date.now()
    const frame = parseServerFrame(text)
    if (!frame) return
    if (frame.type === 'welcome') {
      this.welcomed = true
      this.onWelcome()
    }
    if (frame.type === 'ack') this.outbox.ack(frame.seq)
    this.onFrame(frame)
    if (frame.type === 'welcome' || frame.type === 'ack') this.pump()
  }

  /** Sends what the window has room for. Called when there are new records, and after every ack. */
  pump(): void {
    if (!this.welcomed) return
    while (this.socket.readyState === WebSocket.OPEN && this.socket.bufferedAmount < MAX_BUFFERED_BYTES) {
      const room = MAX_RECORDS_IN_FLIGHT - (this.sentSeq - this.outbox.ackedSeq)
      if (room <= 0) return
      const limit = Math.min(room, MAX_RECORDS_PER_FRAME)
      const lines = this.outbox.read(this.sentSeq, limit, MAX_FRAME_BYTES - 1_024)
      const last = lines.at(-1)
      if (!last) return
      this.sentSeq = last.seq
      this.socket.send(FRAME_HEAD + lines.map((line) => line.text).join(',') + FRAME_TAIL)
    }
  }

  private ping(): void {
    if (Date.now() - this.heardAtMs > 2 * this.times.pingMs) this.fail('the control plane fell silent')
    else this.send({ type: 'ping', n: ++this.pings })
  }

  private send(frame: AgentFrame): void {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame))
  }

  /** Says goodbye; `ended` resolves when the other side has answered, or is cut off. */
  close(): void {
    this.socket.close(1000)
  }

  private fail(reason: string): void {
    this.finish({ kind: this.welcomed ? 'lost' : 'unopened', reason })
  }

  private finish(end: SessionEnd): void {
    if (!this.end) return
    this.end(end)
    this.end = null
    for (const cleanup of this.cleanups) cleanup()
    this.socket.on('error', () => {})
    this.socket.terminate()
  }
}
