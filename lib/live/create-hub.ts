import { randomUUID } from 'node:crypto'
import type { Change, LiveTopic } from '../domain/change.ts'
import type { Hub, Moved } from './hub.ts'

/** Changes that one workspace's feed remembers; a page that is further behind refetches. */
const MEMORY = 5_000
/** Workspaces without a subscriber are forgotten beyond this many. */
const MAX_FEEDS = 2_000
/** How long after a page was rendered its stream may take to come. */
const RENDERED_LATELY_MS = 60_000

interface Listener {
  readonly topic: LiveTopic | 'everything'
  readonly onChanges: (changes: readonly Change[], cursor: string) => void
  readonly onGap: (cursor: string) => void
}

interface Feed {
  /** Number of the change at the head of `changes`; the next one is `first + changes.length`. */
  first: number
  changes: Change[]
  /** Until when (milliseconds since 1970) a page that was rendered may still ask for what came after. */
  wantedUntilMs: number
  readonly listeners: Set<Listener>
}

/** What a topic of several things follows: nouns, every run, single runs. */
const followed = (topic: `objects:${string}`): readonly string[] => topic.slice('objects:'.length).split(',')

const isObjects = (topic: string): topic is `objects:${string}` => topic.startsWith('objects:')

const isRunTopic = (each: string): each is 'runs' | `flow-run:${string}` =>
  each === 'runs' || each.startsWith('flow-run:')

export function belongsTo(change: Change, topic: LiveTopic | 'everything'): boolean {
  if (topic === 'everything') return true
  if (topic === 'runs')
    return change.kind === 'flow-run' || (change.kind === 'deleted' && change.noun === 'flow-run')
  if (isObjects(topic)) {
    return followed(topic).some((each) =>
      isRunTopic(each) ? belongsTo(change, each) : change.kind === 'object' && each === change.noun,
    )
  }
  const id = topic.slice('flow-run:'.length)
  switch (change.kind) {
    case 'flow-run':
      return change.id === id
    case 'task-run':
    case 'log':
    case 'object':
      return change.flowRunId === id
    case 'deleted':
      return change.id === id
  }
}

function concerns(moved: Moved, topic: LiveTopic | 'everything'): boolean {
  const { runs, objects, flowRunIds } = moved
  if (topic === 'everything') return true
  if (topic === 'runs') return runs
  if (isObjects(topic))
    return objects || followed(topic).some((each) => isRunTopic(each) && concerns(moved, each))
  return runs && (flowRunIds?.includes(topic.slice('flow-run:'.length)) ?? true)
}

/**
 * The hub of one process. Cursors are `{epoch}:{n}`, where the epoch names this process's life: a cursor of another
 * life, or of a feed that was forgotten, is answered with a gap.
 */
export function createHub(): Hub {
  const epoch = randomUUID().slice(0, 8)
  const feeds = new Map<string, Feed>()
  let forgotten = 0

  const feedOf = (workspaceId: string): Feed => {
    let feed = feeds.get(workspaceId)
    if (feed) {
      // Most recently used last, so that the first to be forgotten is the one longest unused.
      feeds.delete(workspaceId)
      feeds.set(workspaceId, feed)
      return feed
    }
    if (feeds.size >= MAX_FEEDS) forgetOne()
    // A forgotten feed must not hand out its old numbers again.
    feed = { first: forgotten, changes: [], wantedUntilMs: 0, listeners: new Set() }
    feeds.set(workspaceId, feed)
    return feed
  }

  const forgetOne = (): void => {
    for (const [workspaceId, feed] of feeds) {
      if (feed.listeners.size > 0) continue
      forgotten = Math.max(forgotten, feed.first + feed.changes.length + 1)
      feeds.delete(workspaceId)
      return
    }
  }

  const cursorOf = (feed: Feed): string => `${epoch}:${feed.first + feed.changes.length}`

  const isWatched = (feed: Feed | undefined): boolean =>
    feed !== undefined && (feed.listeners.size > 0 || feed.wantedUntilMs > Date.now())

  const skip = (feed: Feed, count: number): void => {
    feed.first += feed.changes.length + count
    feed.changes = []
  }

  const gap = (feed: Feed, moved: Moved): void => {
    // Pages that were rendered and have not yet come for the rest get the gap when they come.
    skip(feed, 1)
    for (const listener of feed.listeners) if (concerns(moved, listener.topic)) listener.onGap(cursorOf(feed))
  }

  return {
    watches: (workspaceId) => isWatched(feeds.get(workspaceId)),
    skip(workspaceId, count) {
      const feed = feeds.get(workspaceId)
      // A feed that nobody ever asked for has handed out no cursor.
      if (feed) skip(feed, count)
    },
    gap(workspaceId, moved) {
      const feed = feeds.get(workspaceId)
      if (feed) gap(feed, moved)
    },
    followedRuns(workspaceId) {
      const topics = [...(feeds.get(workspaceId)?.listeners ?? [])].map(({ topic }) => topic)
      if (topics.includes('everything')) return null
      const runs = topics.flatMap((topic) =>
        topic.startsWith('flow-run:') ? topic.slice('flow-run:'.length) : [],
      )
      return [...new Set(runs)]
    },
    gapEverywhere() {
      for (const feed of feeds.values()) gap(feed, { runs: true, objects: true, flowRunIds: null })
    },
    publish(workspaceId, changes) {
      if (changes.length === 0) return
      const feed = feedOf(workspaceId)
      if (!isWatched(feed)) {
        skip(feed, changes.length)
        return
      }
      feed.changes.push(...changes)
      if (feed.changes.length > 2 * MEMORY) {
        const dropped = feed.changes.length - MEMORY
        feed.changes = feed.changes.slice(dropped)
        feed.first += dropped
      }
      const cursor = cursorOf(feed)
      for (const listener of feed.listeners) {
        const wanted =
          listener.topic === 'everything'
            ? changes
            : changes.filter((change) => belongsTo(change, listener.topic))
        if (wanted.length > 0) listener.onChanges(wanted, cursor)
      }
    },
    cursor: (workspaceId) => {
      const feed = feedOf(workspaceId)
      feed.wantedUntilMs = Date.now() + RENDERED_LATELY_MS
      return cursorOf(feed)
    },
    subscribe(workspaceId, topic, from, { onChanges, onGap }) {
      const feed = feedOf(workspaceId)
      const listener: Listener = { topic, onChanges, onGap }
      const at = positionOf(from, epoch)
      if (from !== null && (at === null || at < feed.first || at > feed.first + feed.changes.length))
        onGap(cursorOf(feed))
      else if (from !== null && at !== null) {
        const missed = feed.changes.slice(at - feed.first).filter((change) => belongsTo(change, topic))
        if (missed.length > 0) onChanges(missed, cursorOf(feed))
      }
      feed.listeners.add(listener)
      return {
        cursor: () => cursorOf(feed),
        close: () => {
          feed.listeners.delete(listener)
          // A tab whose stream broke comes back.
          feed.wantedUntilMs = Date.now() + RENDERED_LATELY_MS
        },
      }
    },
  }
}

function positionOf(cursor: string | null, epoch: string): number | null {
  if (!cursor?.startsWith(`${epoch}:`)) return null
  const n = Number(cursor.slice(epoch.length + 1))
  return Number.isSafeInteger(n) && n >= 0 ? n : null
}
