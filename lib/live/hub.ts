import type { Change, LiveTopic } from '../domain/change.ts'

export interface Subscription {
  /** Cursor after the last change that was handed over. */
  cursor(): string
  close(): void
}

/** What another process says that it changed. */
export interface Moved {
  readonly runs: boolean
  readonly objects: boolean
  /** The flow runs that moved; null: too many to name. */
  readonly flowRunIds: readonly string[] | null
}

/**
 * What happened, keyed by workspace, in the order of commits of this process, with a short memory so that a page can
 * go on from the cursor it was rendered at. A cursor of another process, or one too old, is a gap.
 */
export interface Hub {
  /** Whether anybody follows the workspace, or rendered a page of it lately: if not, changes need not even be made. */
  watches(workspaceId: string): boolean
  /** `count` changes happened that nobody watches; a cursor from before them is a gap. */
  skip(workspaceId: string, count: number): void
  /** After COMMIT only. */
  publish(workspaceId: string, changes: readonly Change[]): void
  /** Something that this feed knows no changes of moved elsewhere: who follows it refetches. */
  gap(workspaceId: string, moved: Moved): void
  /** The same for every workspace. */
  gapEverywhere(): void
  /** The flow runs that somebody follows one by one; null: somebody follows all that happens. */
  followedRuns(workspaceId: string): readonly string[] | null
  /** Where the feed of this workspace stands now. Take it before reading what a page shows. */
  cursor(workspaceId: string): string
  /**
   * Hands over every change after `from` that belongs to the topic, then goes on live. `onGap` instead when the feed
   * cannot continue from there; the subscription then goes on from now.
   */
  subscribe(
    workspaceId: string,
    topic: LiveTopic | 'everything',
    from: string | null,
    handlers: { onChanges(changes: readonly Change[], cursor: string): void; onGap(cursor: string): void },
  ): Subscription
}
