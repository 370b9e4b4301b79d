import { afterAll, expect, test, vi } from 'vitest'
import { connectDatabase } from '../db/clients.ts'
import { SideConnection } from '../db/side-connection.ts'
import { testDatabase } from '../testing/database.ts'
import { formatHints, GatheredHint, type Hint, parseWord } from './hint.ts'
import { createReplicaBus } from './replica-bus.ts'

const db = await testDatabase()
const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

function replica() {
  const own = connectDatabase({ url: db.url, poolSize: 1 })
  const side = new SideConnection(own.engine)
  const bus = createReplicaBus(side)
  const hints: Hint[] = []
  let resets = 0
  bus.onHint({ onHint: (hint) => hints.push(hint), onReset: () => resets++ })
  const close = async () => {
    await bus.close()
    await side.close()
    await own.close()
  }
  afterAll(close)
  return { bus, hints, resets: () => resets, close }
}

const said = (hints: readonly Hint[]) => hints.map(({ workspaceId, kinds }) => [workspaceId, [...kinds]])

test('replicas find each other, and what one tells the others hear, gathered, and the teller does not', async () => {
  const a = replica()
  await expect.poll(() => a.bus.isListening).toBe(true)
  // Alone: nothing is told, and nobody missed it.
  a.bus.tell(id(1), 'work')
  const b = replica()
  const c = replica()
  await expect.poll(() => [a, b, c].map(({ bus }) => bus.peers)).toEqual([2, 2, 2])
  for (let n = 0; n < 500; n++) a.bus.tell(id(2), n % 2 ? 'work' : 'runs')
  await expect.poll(() => said(b.hints)).not.toEqual([])
  await expect.poll(() => said(c.hints)).toEqual(said(b.hints))
  expect(b.hints.length).toBeLessThan(5)
  expect(b.hints[0]).toMatchObject({ workspaceId: id(2), kinds: new Set(['runs', 'work']) })
  expect(a.hints).toEqual([])
})

test('who waits for slots that came free hears of each at once, and not when the next gathered hint goes out', async () => {
  const [a, b] = [replica(), replica()]
  await expect.poll(() => Math.min(a.bus.peers, b.bus.peers)).toBeGreaterThan(0)
  a.bus.tell(id(4), 'runs')
  await expect.poll(() => b.hints.some((hint) => hint.workspaceId === id(4))).toBe(true)
  // Whatever is gathered now goes when this is over; hints are held back until then.
  vi.useFakeTimers({ toFake: ['setTimeout'] })
  try {
    for (let n = 0; n < 20; n++) {
      const heard = new Promise<void>((resolve) =>
        b.bus.onHint({ onHint: ({ freed }) => freed?.has(id(n)) && resolve() }),
      )
      a.bus.tellFreed(id(5), id(n), [id(n)])
      await heard
    }
  } finally {
    vi.useRealTimers()
  }
})

test('a connection that is cut comes back, says that something may have been missed, and hears on', async () => {
  const [a, b] = [replica(), replica()]
  await expect.poll(() => Math.min(a.bus.peers, b.bus.peers)).toBeGreaterThan(0)
  const before = b.resets()
  await db.engine`select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'rigel listener' and datname = current_database()`
  await expect.poll(() => b.resets()).toBeGreaterThan(before)
  await expect.poll(() => a.bus.isListening && b.bus.isListening).toBe(true)
  a.bus.tell(id(3), 'objects')
  await expect.poll(() => b.hints.filter((hint) => hint.workspaceId === id(3)).length).toBe(1)
  expect(b.bus.provenAt(performance.now())).toBeGreaterThan(0)
})

test('many workspaces travel in payloads that fit, and arrive as they were said', () => {
  const gathered = new Map<string, GatheredHint>()
  for (let n = 0; n < 300; n++) {
    const hint = new GatheredHint()
    hint.addKind('runs')
    hint.addEvent('2026-01-01T00:00:02Z')
    hint.addEvent('2026-01-01T00:00:01Z')
    for (let run = 0; run < n % 120; run++) hint.addRun(id(run))
    for (let limit = 0; limit < n % 100; limit++) hint.addFreed(id(limit), limit)
    gathered.set(id(n), hint)
  }
  const payloads = formatHints('me', gathered)
  expect(Math.max(...payloads.map((text) => Buffer.byteLength(text)))).toBeLessThan(8_000)
  const hints = payloads.flatMap((text) => parseWord(text)?.hints ?? [])
  expect(hints.map(({ workspaceId }) => workspaceId)).toEqual([...gathered.keys()])
  expect(hints[3]).toEqual({
    workspaceId: id(3),
    kinds: new Set(['runs', 'limits']),
    flowRunIds: [id(0), id(1), id(2)],
    freed: new Map([
      [id(0), 0],
      [id(1), 1],
      [id(2), 2],
    ]),
    eventsSinceMicros: Date.UTC(2026, 0, 1, 0, 0, 1) * 1_000,
    logsSinceMicros: null,
  })
  expect(hints[110]?.flowRunIds).toBeNull()
  expect([hints[80]?.freed?.size, hints[81]?.freed]).toEqual([80, null])
})

test('what came free of a limit is told with those who may have it, as far as anybody knows', () => {
  const said = (tell: (hint: GatheredHint) => void) => {
    const hint = new GatheredHint()
    tell(hint)
    const [text = ''] = formatHints('me', new Map([[id(9), hint]]))
    return parseWord(text)?.hints[0]?.freed
  }
  const next = (hint: GatheredHint) => {
    hint.addFreed(id(1), [id(5)])
    hint.addFreed(id(1), [id(6)])
    hint.addFreed(id(2), [id(7)])
  }
  expect(said(next)).toEqual(
    new Map([
      [id(1), [id(5), id(6)]],
      [id(2), [id(7)]],
    ]),
  )
  const counted = (hint: GatheredHint) => {
    next(hint)
    hint.addFreed(id(1), 3)
  }
  expect(said(counted)?.get(id(1))).toBe(5)
  const changed = (hint: GatheredHint) => {
    next(hint)
    hint.addKind('limits')
  }
  expect(said(changed)).toBeNull()
})

test.each(['', 'null', '{}', '["x"]', '["x","shouts",{}]', '["x","moved",null]', '[1,"moved",{}]'])(
  'text that is no hint is passed over: %s',
  (text) => expect(parseWord(text)).toBeNull(),
)
