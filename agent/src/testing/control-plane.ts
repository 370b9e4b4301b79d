import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import type { AgentFrame, AgentRecord, NumberedRecord, ServerFrame } from '../protocol/frames.js'

type Fields = Readonly<Record<string, unknown>>
export type Answer = readonly [status: number, body: unknown]

/** How the stand-in misbehaves. */
export interface Behaviour {
  /** Status with which upgrades are refused; null lets them through. */
  refuseUpgrades: number | null
  /** Status that `POST agent/frames` answers; null lets it through. */
  refuseFrames: number | null
  /** Cuts the connection after so many records, before they are acknowledged; null never. */
  cutAfterRecords: number | null
  /** Whether to commit the last frame before the cut (the ack is lost, the records are not). */
  commitBeforeCut: boolean
  acknowledge: boolean
}

export const GOOD: Behaviour = {
  refuseUpgrades: null,
  refuseFrames: null,
  cutAfterRecords: null,
  commitBeforeCut: false,
  acknowledge: true,
}

/**
 * A control plane as the agent sees it: commits each numbered record of an outbox once, acknowledges afterwards,
 * answers the few REST calls of the command line. What it committed survives `stop` and `start`.
 */
export class ControlPlane {
  readonly accountId = randomUUID()
  readonly workspaceId = randomUUID()
  readonly apiKey = 'any-key-will-do-0001'
  readonly behaviour: Behaviour = { ...GOOD }
  readonly committed: { readonly outboxId: string; readonly seq: number; readonly record: AgentRecord }[] = []
  readonly bodies: { readonly path: string; readonly body: unknown }[] = []
  workspaces: Fields[] = [this.workspaceItem('ada/lab')]
  readonly flowRuns = new Map<string, Fields>()
  logs: Fields[] = []
  /** Asked first, for what a test's world has besides; null: not known there. */
  more: (
    method: string,
    path: string,
    body: unknown,
    hungUp: AbortSignal,
  ) => Answer | null | Promise<Answer | null> = () => null
  /** Sees each record as it is committed. */
  onRecord: (record: AgentRecord) => void = () => {}
  /** Says nothing more on any socket, not even pong. */
  isMute = false
  upgrades = 0
  posts = 0
  private readonly lastSeq = new Map<string, number>()
  private readonly agents = new Set<WebSocket>()
  private readonly followers = new Set<WebSocket>()
  private readonly waiters = new Set<() => void>()
  private server: Server | null = null
  private port = 0

  static async start(): Promise<ControlPlane> {
    const plane = new ControlPlane()
    await plane.start()
    return plane
  }

  async start(): Promise<void> {
    const server = createServer((request, response) => void this.answer(request, response))
    const sockets = new WebSocketServer({
      noServer: true,
      handleProtocols: (offered) => [...offered][0] ?? false,
    })
    server.on('upgrade', (request, socket, head) => this.upgrade(sockets, request, socket, head))
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve))
    this.port = (server.address() as AddressInfo).port
    this.server = server
  }

  /** As kill -9 would: every connection is cut. */
  async stop(): Promise<void> {
    const { server } = this
    this.server = null
    for (const socket of [...this.agents, ...this.followers]) socket.terminate()
    if (!server) return
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  get apiUrl(): string {
    return `${this.url}/api/accounts/${this.accountId}/workspaces/${this.workspaceId}`
  }

  workspaceItem(handle: string, workspaceId: string = this.workspaceId): Fields {
    const [account, workspace] = handle.split('/')
    return {
      account_id: this.accountId,
      account_name: account,
      account_handle: account,
      workspace_id: workspaceId,
      workspace_name: workspace,
      workspace_description: '',
      workspace_handle: workspace,
    }
  }

  get records(): AgentRecord[] {
    return this.committed.map((each) => each.record)
  }

  /** Resolves when the condition holds; it is asked again after everything that happens here. */
  async until(condition: () => boolean, what = 'the condition'): Promise<void> {
    if (condition()) return
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${what} did not come true in time`)), 25_000)
      const look = () => {
        if (!condition()) return
        clearTimeout(timer)
        this.waiters.delete(look)
        resolve()
      }
      this.waiters.add(look)
    })
  }

  cancel(flowRunId: string): void {
    this.broadcast({ type: 'cancel', flowRunId })
  }

  broadcast(frame: ServerFrame): void {
    for (const socket of this.agents) socket.send(JSON.stringify(frame))
  }

  closeAgents(code: number, reason: string): void {
    for (const socket of this.agents) socket.close(code, reason)
  }

  get agentCount(): number {
    return this.agents.size
  }

  get followerCount(): number {
    return this.followers.size
  }

  pushLog(log: Fields): void {
    for (const socket of this.followers) socket.send(JSON.stringify({ type: 'log', log }))
  }

  /** Lets those who wait with `until` look again. */
  changed(): void {
    for (const look of [...this.waiters]) look()
  }

  private upgrade(sockets: WebSocketServer, request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.upgrades++
    // The agent hangs up on a refusal, sometimes before it has all arrived.
    socket.on('error', () => {})
    const isAgent = request.url?.endsWith('/agent/connect') ?? false
    const isAllowed = request.headers.authorization === `Bearer ${this.apiKey}`
    const refusal = this.behaviour.refuseUpgrades ?? (isAgent && !isAllowed ? 401 : null)
    if (refusal !== null) {
      socket.end(`HTTP/1.1 ${refusal} No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
      this.changed()
      return
    }
    sockets.handleUpgrade(request, socket, head, (opened) => {
      if (isAgent) this.serveAgent(opened)
      else this.serveFollower(opened)
    })
  }

  private serveAgent(socket: WebSocket): void {
    let outboxId = ''
    let count = 0
    let isCut = false
    this.agents.add(socket)
    socket.on('close', () => {
      this.agents.delete(socket)
      this.changed()
    })
    socket.on('message', (data) => {
      // What had arrived before the cut is still handed out; a server that died would not see it.
      if (isCut) return
      const frame = JSON.parse(data.toString()) as AgentFrame
      const send = (answer: ServerFrame) => {
        if (!this.isMute || answer.type === 'welcome') socket.send(JSON.stringify(answer))
      }
      if (frame.type === 'hello') {
        outboxId = frame.outboxId
        send({ type: 'welcome', accountId: this.accountId, workspaceId: this.workspaceId })
      } else if (frame.type === 'ping') send({ type: 'pong', n: frame.n })
      else {
        count += frame.records.length
        const { cutAfterRecords, commitBeforeCut } = this.behaviour
        isCut = cutAfterRecords !== null && count >= cutAfterRecords
        if (isCut) this.behaviour.cutAfterRecords = null
        if (isCut && !commitBeforeCut) socket.terminate()
        else {
          const seq = this.commit(outboxId, frame.records)
          if (isCut) socket.terminate()
          else if (this.behaviour.acknowledge) send({ type: 'ack', seq })
        }
      }
      this.changed()
    })
  }

  private commit(outboxId: string, records: readonly NumberedRecord[]): number {
    let last = this.lastSeq.get(outboxId) ?? 0
    for (const { seq, record } of records) {
      if (seq <= last) continue
      if (seq !== last + 1) throw new Error(`number ${seq} came after ${last}`)
      this.committed.push({ outboxId, seq, record })
      this.onRecord(record)
      last = seq
    }
    this.lastSeq.set(outboxId, last)
    return last
  }

  private serveFollower(socket: WebSocket): void {
    socket.on('message', (data) => {
      const frame = JSON.parse(data.toString()) as { type: string; token?: string }
      if (frame.type === 'auth') {
        if (frame.token === this.apiKey) socket.send('{"type":"auth_success"}')
        else socket.close(1008, 'the key is not known')
      } else if (frame.type === 'filter') {
        this.followers.add(socket)
        this.changed()
      }
    })
    socket.on('close', () => this.followers.delete(socket))
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = ''
    for await (const part of request) text += String(part)
    const body: unknown = text === '' ? null : JSON.parse(text)
    const path = request.url ?? ''
    this.bodies.push({ path, body })
    const isAllowed = request.headers.authorization === `Bearer ${this.apiKey}`
    const hungUp = new AbortController()
    response.on('close', () => hungUp.abort())
    const known = isAllowed
      ? await this.more(request.method ?? '', this.restOf(path), body, hungUp.signal)
      : null
    const [status, answer] = !isAllowed
      ? [401, { detail: 'Unauthorized' }]
      : (known ?? this.route(path, body))
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(answer))
    this.changed()
  }

  private route(path: string, body: unknown): [number, unknown] {
    if (path === '/api/me/workspaces') return [200, this.workspaces]
    if (path === '/api/me/') return [200, { handle: 'ada' }]
    const rest = this.restOf(path)
    const [, runId] = /^flow_runs\/([^/]+)$/.exec(rest) ?? []
    switch (rest) {
      case 'agent/frames':
        return this.takeFrames(body as { outboxId: string; records: NumberedRecord[] })
      case 'flow_runs/filter':
        return [200, [...this.flowRuns.values()]]
      case 'flows/filter':
        return [200, [{ id: 'flow-1', name: 'training' }]]
      case 'logs/filter': {
        const { offset, limit } = body as { offset: number; limit: number }
        return [200, this.logs.slice(offset, offset + limit)]
      }
    }
    const run = runId && this.flowRuns.get(runId)
    return run ? [200, run] : [404, { detail: 'Not Found' }]
  }

  /** What follows the workspace in a path. */
  private restOf(path: string): string {
    const prefix = `/api/accounts/${this.accountId}/workspaces/${this.workspaceId}/`
    return path.startsWith(prefix) ? path.slice(prefix.length) : ''
  }

  private takeFrames({
    outboxId,
    records,
  }: {
    outboxId: string
    records: NumberedRecord[]
  }): [number, unknown] {
    this.posts++
    if (this.behaviour.refuseFrames !== null) return [this.behaviour.refuseFrames, { detail: 'no' }]
    return [200, { ack: this.commit(outboxId, records), replies: [] }]
  }
}
