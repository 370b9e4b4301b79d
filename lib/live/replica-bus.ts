import { randomUUID } from 'node:crypto'
import type { SideConnection } from '../db/side-connection.ts'
import type { Change } from '../domain/change.ts'
import {
  type FreedSlots,
  formatGreeting,
  formatHints,
  GatheredHint,
  type Hint,
  type HintKind,
  parseWord,
} from './hint.ts'

const CHANNEL = 'rigel_moved'
/** Hints of one process come at most this often; what happens between shares the next. */
const GATHER_MS = 20
/** Whoever waits for slots that came free hears of it at once: they are idle until then. What comes meanwhile goes as soon as that is out. */
const GATHER_FREED_MS = 0
const ROLL_CALL_MS = 30_000
/** A replica that was not heard of for two roll calls is gone. */
const FORGET_MS = 75_000

export interface HintHandlers {
  /** Another process committed something. */
  onHint(hint: Hint): void
  /** Hints may have been missed: whatever is remembered of any workspace may be old. `sinceMs` as of Date.now(). */
  onReset?(sinceMs: number): void
}

/**
 * Tells the other replicas that something moved, and hears it of them. Hints are hints: one that is lost with its process
 * means that somebody else learns later, so nothing may be believed for ever because no hint came.
 */
export interface ReplicaBus {
  /** After COMMIT. Costs nothing while this process is the only one. */
  tell(workspaceId: string, ...kinds: readonly HintKind[]): void
  tellFreed(workspaceId: string, limitId: string, freed: FreedSlots): void
  tellChanges(workspaceId: string, changes: readonly Change[]): void
  tellEvents(workspaceId: string, events: readonly { readonly occurred_at: string }[]): void
  onHint(handlers: HintHandlers): () => void
  /** performance.now() of the last instant whose hints have all arrived; minus infinity when nobody listens. Asking keeps it current. */
  provenAt(now: number): number
  readonly isListening: boolean
  /** How many other replicas were heard of lately. */
  readonly peers: number
  close(): Promise<void>
}

export function createReplicaBus(
  side: Pick<SideConnection, 'listen' | 'tell' | 'provenAt' | 'isListening'>,
  onError: (error: unknown) => void = () => {},
): ReplicaBus {
  const me = randomUUID().slice(0, 13)
  const peers = new Map<string, number>()
  const handlers = new Set<HintHandlers>()
  /** Date.now() up to which hints surely arrived: what a reset has to make good begins there. */
  let heardUntilMs = Date.now()
  let closed = false

  const say = (texts: readonly string[]): Promise<void> =>
    side.tell(CHANNEL, texts).catch((error: unknown) => {
      if (!closed) onError(error)
    })

  const sayAll = (gathered: ReadonlyMap<string, GatheredHint>): Promise<void> =>
    say(formatHints(me, gathered))
  const outbox = createOutbox(GATHER_MS, sayAll)
  const outboxOfFreed = createOutbox(GATHER_FREED_MS, sayAll)

  const reset = (): void => {
    const since = heardUntilMs
    heardUntilMs = Date.now()
    for (const each of handlers) each.onReset?.(since)
  }

  const hear = (text: string): void => {
    const word = parseWord(text)
    if (!word || word.from === me) return
    const isNew = !peers.has(word.from)
    peers.set(word.from, Date.now())
    heardUntilMs = Date.now()
    if (word.says === 'hello') void say([formatGreeting(me, 'here')])
    // What it committed before it knew of us it told nobody.
    if (isNew) reset()
    for (const hint of word.hints) for (const each of handlers) each.onHint(hint)
  }

  const channel = side.listen(CHANNEL, {
    onNotify: hear,
    onReset: () => {
      reset()
      void say([formatGreeting(me, 'hello')])
    },
  })

  const rollCall = setInterval(() => {
    if (side.isListening) heardUntilMs = Date.now()
    if (peers.size === 0) return
    for (const [peer, heardAt] of peers) if (heardAt < Date.now() - FORGET_MS) peers.delete(peer)
    void say([formatGreeting(me, 'hello')])
  }, ROLL_CALL_MS).unref()

  const isAlone = (): boolean => peers.size === 0

  return {
    tell(workspaceId, ...kinds) {
      if (isAlone() || closed) return
      const hint = outbox.hintOf(workspaceId)
      for (const kind of kinds) hint.addKind(kind)
    },
    tellFreed(workspaceId, limitId, freed) {
      if (isAlone() || closed) return
      outboxOfFreed.hintOf(workspaceId).addFreed(limitId, freed)
    },
    tellChanges(workspaceId, changes) {
      if (isAlone() || closed) return
      const hint = outbox.hintOf(workspaceId)
      for (const change of changes) gatherChange(hint, change)
    },
    tellEvents(workspaceId, events) {
      if (isAlone() || closed) return
      const hint = outbox.hintOf(workspaceId)
      for (const event of events) hint.addEvent(event.occurred_at)
    },
    onHint(each) {
      handlers.add(each)
      return () => handlers.delete(each)
    },
    provenAt: (now) => (side.isListening ? side.provenAt(now) : Number.NEGATIVE_INFINITY),
    get isListening() {
      return side.isListening
    },
    get peers() {
      return peers.size
    },
    async close() {
      closed = true
      clearInterval(rollCall)
      channel.close()
      await Promise.all([outbox.close(), outboxOfFreed.close()])
    },
  }
}

/** Hints in the making. The first goes out after this round of I/O, the next no sooner than `everyMs` later, and never before it is out. */
function createOutbox(
  everyMs: number,
  send: (gathered: ReadonlyMap<string, GatheredHint>) => Promise<void>,
): { hintOf(workspaceId: string): GatheredHint; close(): Promise<void> } {
  let gathered = new Map<string, GatheredHint>()
  let soon: NodeJS.Immediate | undefined
  let rest: NodeJS.Timeout | undefined
  /** One after the other: a slow database gathers more, not more statements. */
  let sending: Promise<void> | null = null
  let closed = false

  const flush = async (): Promise<void> => {
    soon = undefined
    const sent = gathered
    gathered = new Map()
    const began = performance.now()
    sending = send(sent)
    await sending
    sending = null
    const restMs = everyMs - (performance.now() - began)
    if (restMs > 0) rest = setTimeout(goOn, restMs).unref()
    else goOn()
  }
  const goOn = (): void => {
    rest = undefined
    if (gathered.size > 0 && !closed) void flush()
  }

  return {
    hintOf(workspaceId) {
      let hint = gathered.get(workspaceId)
      if (!hint) {
        hint = new GatheredHint()
        gathered.set(workspaceId, hint)
      }
      if (sending === null && rest === undefined) soon ??= setImmediate(flush)
      return hint
    },
    async close() {
      closed = true
      clearImmediate(soon)
      clearTimeout(rest)
      await sending
      if (gathered.size > 0) await send(gathered)
    },
  }
}

/** For tests of one process that hear of nobody. */
export const noReplicas: ReplicaBus = {
  tell: () => {},
  tellFreed: () => {},
  tellChanges: () => {},
  tellEvents: () => {},
  onHint: () => () => {},
  provenAt: () => Number.NEGATIVE_INFINITY,
  isListening: false,
  peers: 0,
  close: async () => {},
}

function gatherChange(hint: GatheredHint, change: Change): void {
  switch (change.kind) {
    case 'flow-run':
      hint.addKind('runs')
      if (change.stateType === 'SCHEDULED') hint.addKind('work')
      hint.addRun(change.id)
      break
    case 'task-run':
      if (change.flowRunId === null) break
      hint.addKind('runs')
      hint.addRun(change.flowRunId)
      break
    case 'log':
      // Lines of workers belong to no run; nobody follows them.
      if (change.flowRunId === null) break
      hint.addLog(change.at)
      hint.addRun(change.flowRunId)
      break
    case 'deleted':
      hint.addKind('runs')
      if (change.noun === 'flow-run') hint.addRun(change.id)
      else hint.addAnyRuns()
      break
    case 'object':
      hint.addKind('objects')
      if (change.flowRunId !== undefined) {
        hint.addKind('runs')
        hint.addRun(change.flowRunId)
      }
      if (change.noun === 'concurrency-limit') hint.addKind('limits')
      if (change.noun !== 'variable' && change.noun !== 'artifact') hint.addKind('work')
      break
    default:
      change satisfies never
  }
}
