import type { Change, LogChange } from '../domain/change.ts'
import { type Feed, Seen } from './event-feed.ts'
import type { Hint } from './hint.ts'
import type { Hub, Moved } from './hub.ts'
import { paced } from './paced.ts'
import type { ReplicaBus } from './replica-bus.ts'

/** Pages of a workspace refetch at most this often for what other replicas do. */
const GAP_EVERY_MS = 1_000

export interface FollowOptions<Event> {
  readonly bus: ReplicaBus
  readonly hub: Hub
  readonly events: Feed<Event>
  readonly readEvents: (workspaceId: string, sinceMicros: number) => AsyncIterable<readonly Event[]>
  readonly readLogs: (
    workspaceId: string,
    flowRunId: string,
    sinceMicros: number,
  ) => AsyncIterable<readonly LogChange[]>
  readonly onError: (error: unknown) => void
}

/**
 * Carries what other replicas committed to those who follow it here: pages are told to refetch, subscribers of events and log
 * lines get what they missed, read from the database. What is committed here is published through it, so that a line that was
 * read already does not come twice.
 */
export function followReplicas<Event>({
  bus,
  hub,
  events,
  readEvents,
  readLogs,
  onError,
}: FollowOptions<Event>): { readonly publish: Hub['publish']; readonly stop: () => void } {
  const gaps = paced<Moved>(GAP_EVERY_MS, hub.gap, both)
  const seenLogs = new Map<string, Seen>()
  const catchUp = createCatchUp(onError)

  const readAllEvents = (workspaceId: string, sinceMicros: number): void =>
    catchUp(`events ${workspaceId}`, sinceMicros, async (from) => {
      for await (const page of readEvents(workspaceId, from)) events.publish(workspaceId, page)
    })

  const onHint = (hint: Hint): void => {
    const { workspaceId, kinds, flowRunIds, eventsSinceMicros, logsSinceMicros } = hint
    if (eventsSinceMicros !== null && events.isFollowed(workspaceId))
      readAllEvents(workspaceId, eventsSinceMicros)
    if (!hub.watches(workspaceId)) return
    const moved = { runs: kinds.has('runs'), objects: kinds.has('objects') || kinds.has('slots'), flowRunIds }
    if (moved.runs || moved.objects) gaps.add(workspaceId, moved)
    if (logsSinceMicros === null) return
    for (const flowRunId of wanted(hub.followedRuns(workspaceId), flowRunIds)) {
      catchUp(`logs ${workspaceId} ${flowRunId}`, logsSinceMicros, async (from) => {
        for await (const page of readLogs(workspaceId, flowRunId, from)) publish(workspaceId, page)
      })
    }
  }

  /** As the hub's, with log lines once each. */
  const publish = (workspaceId: string, changes: readonly Change[]): void => {
    if (bus.peers === 0 || !hub.watches(workspaceId)) {
      hub.publish(workspaceId, changes)
      return
    }
    let seen = seenLogs.get(workspaceId)
    if (!seen) {
      for (const other of seenLogs.keys()) if (!hub.watches(other)) seenLogs.delete(other)
      seen = new Seen()
      seenLogs.set(workspaceId, seen)
    }
    const known = seen
    hub.publish(
      workspaceId,
      changes.filter((change) => change.kind !== 'log' || known.add(change.id)),
    )
  }

  const leave = bus.onHint({
    onHint,
    onReset: (sinceMs) => {
      hub.gapEverywhere()
      for (const workspaceId of events.followed()) readAllEvents(workspaceId, sinceMs * 1_000)
    },
  })
  return {
    publish,
    stop: () => {
      leave()
      gaps.stop()
    },
  }
}

/** The runs whose lines are read: those that moved and are followed; null stands for all, and where nobody can name any, for none. */
function wanted(followed: readonly string[] | null, moved: readonly string[] | null): readonly string[] {
  if (followed === null) return moved ?? []
  return moved === null ? followed : followed.filter((id) => moved.includes(id))
}

const both = (a: Moved, b: Moved): Moved => ({
  runs: a.runs || b.runs,
  objects: a.objects || b.objects,
  flowRunIds: a.flowRunIds && b.flowRunIds && [...new Set([...a.flowRunIds, ...b.flowRunIds])],
})

/** One read a key at a time; what is asked for meanwhile is read next, from the earliest instant. */
function createCatchUp(onError: (error: unknown) => void) {
  const running = new Map<string, { again: number | null }>()
  return function catchUp(
    key: string,
    sinceMicros: number,
    read: (sinceMicros: number) => Promise<void>,
  ): void {
    const now = running.get(key)
    if (now) {
      now.again = Math.min(now.again ?? sinceMicros, sinceMicros)
      return
    }
    const state: { again: number | null } = { again: null }
    running.set(key, state)
    read(sinceMicros)
      .catch(onError)
      .finally(() => {
        running.delete(key)
        if (state.again !== null) catchUp(key, state.again, read)
      })
  }
}
