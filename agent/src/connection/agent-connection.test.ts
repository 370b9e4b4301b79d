import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { CLOSE, MAX_RECORDS_IN_FLIGHT, type ServerFrame } from '../protocol/frames.js'
import { ControlPlane } from '../testing/control-plane.js'
import { logRecord } from '../testing/records.js'
import { tempDir } from '../testing/temp-dir.js'
import { AgentConnection, type ConnectionOptions } from './agent-connection.js'
import type { ReportingStopped } from './endpoint.js'
import { Outbox } from './outbox/outbox.js'

const PATIENT = 10_000

async function connect(
  options: Partial<ConnectionOptions> = {},
  prepare: (plane: ControlPlane) => void = () => {},
) {
  const plane = await ControlPlane.start()
  prepare(plane)
  const root = tempDir()
  const outbox = Outbox.create(root, 'here', { segmentBytes: 20_000 })
  const frames: ServerFrame[] = []
  let told: (error: ReportingStopped) => void = () => {}
  const stopped = new Promise<ReportingStopped>((resolve) => {
    told = resolve
  })
  const connection = new AgentConnection({
    endpoint: () => ({ apiUrl: plane.apiUrl, apiKey: plane.apiKey }),
    outbox,
    onFrame: (frame) => frames.push(frame),
    onStopped: told,
    backoff: { baseMs: 5, capMs: 20 },
    ...options,
  })
  onTestFinished(async () => {
    await connection.close(0)
    await plane.stop()
  })
  connection.start()
  return { plane, outbox, connection, frames, stopped, root }
}

function append(outbox: Outbox, from: number, to: number): void {
  for (let i = from; i < to; i++) outbox.append(logRecord(`line ${i}`))
}

const seqs = (plane: ControlPlane) => plane.committed.map((each) => each.seq)
const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1)

describe('a connection', () => {
  it('delivers records in order, and its outbox is gone once it is closed', async () => {
    const { plane, outbox, connection, frames, root } = await connect()
    append(outbox, 0, 3_000)
    expect(await connection.close(PATIENT)).toBe(true)
    expect(seqs(plane)).toEqual(upTo(3_000))
    expect(frames[0]).toMatchObject({ type: 'welcome', workspaceId: plane.workspaceId })
    expect(readdirSync(root)).toEqual([])
    expect(await connection.close(PATIENT)).toBe(true)
  })

  it('keeps no more in flight than the window holds', async () => {
    const { plane, outbox, connection } = await connect({}, (each) => {
      each.behaviour.acknowledge = false
    })
    append(outbox, 0, MAX_RECORDS_IN_FLIGHT + 1_000)
    await plane.until(() => plane.committed.length === MAX_RECORDS_IN_FLIGHT, 'a full window')
    plane.behaviour.acknowledge = true
    // Were more on its way, the next acknowledgement would come with numbers beyond the window.
    expect(plane.committed).toHaveLength(MAX_RECORDS_IN_FLIGHT)
    plane.broadcast({ type: 'ack', seq: MAX_RECORDS_IN_FLIGHT })
    expect(await connection.drain(PATIENT)).toBe(true)
    expect(seqs(plane)).toEqual(upTo(MAX_RECORDS_IN_FLIGHT + 1_000))
  })

  it.each([
    { commitBeforeCut: false, what: 'before the records were committed' },
    { commitBeforeCut: true, what: 'after they were, so that the acknowledgement was lost' },
  ])('sends again what was cut off $what; each record counts once', async ({ commitBeforeCut }) => {
    const { plane, outbox, connection } = await connect({}, (each) => {
      Object.assign(each.behaviour, { cutAfterRecords: 700, commitBeforeCut })
    })
    append(outbox, 0, 1_800)
    expect(await connection.drain(PATIENT)).toBe(true)
    expect(plane.upgrades).toBeGreaterThan(1)
    expect(seqs(plane)).toEqual(upTo(1_800))
  })

  it('bridges a restart of the server', async () => {
    const { plane, outbox, connection } = await connect()
    append(outbox, 0, 50)
    await plane.until(() => plane.committed.length === 50)
    await plane.stop()
    append(outbox, 50, 100)
    await plane.start()
    append(outbox, 100, 150)
    expect(await connection.drain(PATIENT)).toBe(true)
    expect(seqs(plane)).toEqual(upTo(150))
  })

  it('comes back after 1001 and 1011', async () => {
    const { plane, outbox, connection } = await connect()
    await plane.until(() => plane.agentCount === 1)
    for (const code of [CLOSE.goingAway, CLOSE.trouble]) {
      const { upgrades } = plane
      plane.closeAgents(code, 'try again')
      await plane.until(() => plane.upgrades > upgrades)
    }
    append(outbox, 0, 10)
    expect(await connection.drain(PATIENT)).toBe(true)
  })

  it('goes by HTTP where websockets are refused, and returns to the websocket when it can', async () => {
    const { plane, outbox, connection } = await connect({ retrySocketMs: 150 }, (each) => {
      each.behaviour.refuseUpgrades = 426
    })
    append(outbox, 0, 1_200)
    expect(await connection.drain(PATIENT)).toBe(true)
    expect(plane.upgrades).toBeGreaterThanOrEqual(3)
    expect(plane.posts).toBeGreaterThanOrEqual(3)
    plane.behaviour.refuseUpgrades = null
    await plane.until(() => plane.agentCount === 1, 'a websocket')
    const { posts } = plane
    append(outbox, 1_200, 1_300)
    expect(await connection.drain(PATIENT)).toBe(true)
    expect(plane.posts).toBe(posts)
    expect(seqs(plane)).toEqual(upTo(1_300))
  })

  it('waits out a server in trouble on both ways', async () => {
    const { plane, outbox, connection } = await connect({ retrySocketMs: 50 }, (each) => {
      Object.assign(each.behaviour, { refuseUpgrades: 503, refuseFrames: 503 })
    })
    append(outbox, 0, 10)
    await plane.until(() => plane.posts >= 2 && plane.upgrades >= 4, 'several attempts')
    Object.assign(plane.behaviour, { refuseUpgrades: null, refuseFrames: null })
    expect(await connection.drain(PATIENT)).toBe(true)
    expect(seqs(plane)).toEqual(upTo(10))
  })

  it.each([
    { status: 401, sentence: /refused \(401\).*rigel login/ },
    { status: 403, sentence: /may not report.*rigel workspace set/ },
  ])('stops for good at $status with a sentence, and keeps the records', async ({ status, sentence }) => {
    const { plane, outbox, connection, stopped, root } = await connect({}, (each) => {
      each.behaviour.refuseUpgrades = status
    })
    append(outbox, 0, 5)
    expect((await stopped).message).toMatch(sentence)
    const { upgrades } = plane
    expect(await connection.close(PATIENT)).toBe(false)
    expect(plane.upgrades).toBe(upgrades)
    expect(readdirSync(join(root, outbox.id))).toContain('000000000001.ndjson')
  })

  it('stops for good when the key is revoked while it is connected (1008)', async () => {
    const { plane, stopped } = await connect()
    await plane.until(() => plane.agentCount === 1)
    plane.closeAgents(CLOSE.notAllowed, 'the key was revoked')
    expect((await stopped).message).toMatch(/the key was revoked.*rigel login/)
  })

  it('stops at a workspace that is not there', async () => {
    const { stopped } = await connect({}, (each) => {
      Object.assign(each.behaviour, { refuseUpgrades: 404, refuseFrames: 404 })
    }).then((all) => {
      append(all.outbox, 0, 1)
      return all
    })
    expect((await stopped).message).toMatch(/no workspace for this key.*rigel workspace ls/)
  })

  it('gives up waiting at the deadline and leaves the rest on disk', async () => {
    const { plane, outbox, connection, root } = await connect()
    await plane.until(() => plane.agentCount === 1)
    await plane.stop()
    append(outbox, 0, 5)
    expect(await connection.close(30)).toBe(false)
    expect(readdirSync(join(root, outbox.id))).toContain('000000000001.ndjson')
  })

  it('notices a server that has fallen silent', async () => {
    const { plane, outbox, connection } = await connect({ times: { openMs: 5_000, pingMs: 20 } }, (each) => {
      each.behaviour.acknowledge = true
    })
    await plane.until(() => plane.agentCount === 1)
    const { upgrades } = plane
    plane.isMute = true
    await plane.until(() => plane.upgrades > upgrades, 'a new connection')
    plane.isMute = false
    append(outbox, 0, 3)
    expect(await connection.drain(PATIENT)).toBe(true)
  })

  it('hands on cancellations, verdicts and refusals, and ignores what it does not understand', async () => {
    const { plane, frames } = await connect()
    await plane.until(() => plane.agentCount === 1)
    plane.broadcast({ type: 'news' } as never)
    plane.cancel('run-1')
    const state = { type: 'CANCELLED', name: 'Cancelled' } as const
    plane.broadcast({ type: 'verdict', seq: 1, flowRunId: 'run-1', verdict: 'REJECT', reason: 'late', state })
    plane.broadcast({ type: 'refused', seq: 2, reason: 'too large' })
    const { upgrades } = plane
    plane.closeAgents(CLOSE.goingAway, '')
    await plane.until(() => plane.upgrades > upgrades)
    expect(frames.map((frame) => frame.type).slice(0, 4)).toEqual(['welcome', 'cancel', 'verdict', 'refused'])
  })
})
