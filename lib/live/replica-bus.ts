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
  let gathered = new Map<string, GatheredHint>()
  let timer: NodeJS.Timeout | undefined
  let sentAt = Number.NEGATIVE_INFINITY
  let sending: Promise<void> = Promise.resolve()
  /** Date.now() up to which hints surely arrived: what a reset has to make good begins there. */
  let heardUntilMs = Date.now()
  let closed = false

  const say = (texts: readonly string[]): Promise<void> =>
    side.tell(CHANNEL, texts).catch((error: unknown) => {
      if (!closed) onError(error)
    })

  const flush = (): void => {
    timer = undefined
    const payloads = formatHints(me, gathered)
    gathered = new Map()
    sentAt = performance.now()
    // One after the other: a slow database gathers more, not more statements.
    sending = sending.then(() => say(payloads))
  }

  const gather = (workspaceId: string): GatheredHint => {
    let hint = gathered.get(workspaceId)
    if (!hint) {
      hint = new GatheredHint()
      gathered.set(workspaceId, hint)
    }
    timer ??= setTimeout(flush, Math.max(0, GATHER_MS - (performance.now() - sentAt)))
    return hint
  }

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
      const hint = gather(workspaceId)
      for (const kind of kinds) hint.addKind(kind)
    },
    tellFreed(workspaceId, limitId, freed) {
      if (isAlone() || closed) return
      gather(workspaceId).addFreed(limitId, freed)
    },
    tellChanges(workspaceId, changes) {
      if (isAlone() || closed) return
      const hint = gather(workspaceId)
      for (const change of changes) gatherChange(hint, change)
    },
    tellEvents(workspaceId, events) {
      if (isAlone() || closed) return
      const hint = gather(workspaceId)
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
      if (timer) {
        clearTimeout(timer)
        flush()
      }
      channel.close()
      await sending
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
