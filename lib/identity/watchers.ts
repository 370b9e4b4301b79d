import type { UserActor, WorkspaceAccess } from '../domain/access/actor.ts'
import type { AccessNotice } from '../domain/access/notice.ts'

export interface Watcher {
  readonly actor: UserActor
  readonly workspaceId: string
  readonly callback: (reason: string) => void
  /** What it was let in with; null until the first look. */
  access: WorkspaceAccess | null
  expiresAtMs: number | null
}

interface WatchersOptions {
  readonly nowMs: () => number
  readonly readLiving: (ids: {
    readonly keys: readonly string[]
    readonly sessions: readonly string[]
  }) => Promise<ReadonlyMap<string, number | null>>
  readonly enter: (
    actor: UserActor,
    workspaceId: string,
  ) => Promise<WorkspaceAccess | null> | WorkspaceAccess | null
}

const lookForExpiredMs = 200

const proofId = (actor: UserActor): string => (actor.by.type === 'key' ? actor.by.keyId : actor.by.sessionId)

/** Open sockets and event streams that must end when what let them in ends. */
export class Watchers {
  readonly #all = new Set<Watcher>()
  readonly #options: WatchersOptions
  #timer: NodeJS.Timeout | null = null

  constructor(options: WatchersOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#all.size
  }

  add(watcher: Watcher): () => void {
    this.#all.add(watcher)
    this.#timer ??= setInterval(() => this.#endExpired(), lookForExpiredMs).unref()
    return () => this.#remove(watcher)
  }

  /** Looks again at those that the notice is about, and at all of them when there is none. */
  recheck(notice: AccessNotice | null): Promise<void> {
    return this.look([...this.#all].filter((watcher) => !notice || concerns(notice, watcher)))
  }

  async look(touched: readonly Watcher[]): Promise<void> {
    if (touched.length === 0) return
    const ids = (type: 'key' | 'session'): string[] => [
      ...new Set(touched.flatMap(({ actor }) => (actor.by.type === type ? [proofId(actor)] : []))),
    ]
    const living = await this.#options.readLiving({ keys: ids('key'), sessions: ids('session') })
    await Promise.all(touched.map((watcher) => this.#judge(watcher, living)))
  }

  close(): void {
    this.#all.clear()
    this.#stopTimer()
  }

  async #judge(watcher: Watcher, living: ReadonlyMap<string, number | null>): Promise<void> {
    const expiresAtMs = living.get(proofId(watcher.actor))
    if (expiresAtMs === undefined) {
      return this.#end(
        watcher,
        watcher.actor.by.type === 'key' ? 'The API key was revoked.' : 'The session was ended.',
      )
    }
    watcher.expiresAtMs = expiresAtMs
    const access = await this.#options.enter(watcher.actor, watcher.workspaceId)
    if (!access) return this.#end(watcher, 'Access to this workspace ended.')
    if (watcher.access && watcher.access.scopes !== access.scopes) {
      return this.#end(watcher, 'The role in this workspace changed; connect again.')
    }
    watcher.access = access
  }

  #endExpired(): void {
    const now = this.#options.nowMs()
    for (const watcher of this.#all) {
      if (watcher.expiresAtMs !== null && watcher.expiresAtMs <= now) {
        this.#end(watcher, watcher.actor.by.type === 'key' ? 'The API key expired.' : 'The session expired.')
      }
    }
  }

  #end(watcher: Watcher, reason: string): void {
    if (this.#remove(watcher)) watcher.callback(reason)
  }

  #remove(watcher: Watcher): boolean {
    const was = this.#all.delete(watcher)
    if (this.#all.size === 0) this.#stopTimer()
    return was
  }

  #stopTimer(): void {
    if (this.#timer) clearInterval(this.#timer)
    this.#timer = null
  }
}

function concerns({ kind, id }: AccessNotice, { actor, workspaceId, access }: Watcher): boolean {
  switch (kind) {
    case 'key':
    case 'session':
      return proofId(actor) === id
    case 'user':
      return actor.userId === id
    case 'workspace':
      return workspaceId === id
    case 'account':
      return !access || access.accountId === id
    default:
      return kind satisfies never
  }
}
