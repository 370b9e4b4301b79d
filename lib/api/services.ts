import type { Logger } from 'pino'
import type { Work } from '../control/work/create-work.ts'
import type { Database } from '../db/clients.ts'
import type { Engine } from '../engine/engine.ts'
import type { EventRow } from '../engine/write-set.ts'
import type { Identity } from '../identity/identity.ts'
import type { Feed } from '../live/event-feed.ts'
import type { Hub } from '../live/hub.ts'
import type { ReplicaBus } from '../live/replica-bus.ts'

/** What the API stands on; made once by the process (or by a test) and handed to every call. */
export interface Services {
  readonly db: Database
  readonly engine: Engine
  /** What waits, who asks for it, and who is there to do it. */
  readonly work: Work
  readonly identity: Identity
  readonly hub: Hub
  /** Events as they are committed. */
  readonly events: Feed<EventRow>
  /** What other replicas are told, and tell. */
  readonly replicas: ReplicaBus
  readonly log: Logger
  /** From PUBLIC_URL; null: the origin that the request names. */
  readonly publicUrl: string | null
  /** Derives the keys that encrypt secrets at rest. */
  readonly authSecret: string
  readonly nowMicros: () => number
  /** Calls back when the process begins to shut down, so that streams end. Answers a function that stops listening. */
  readonly onShutdown: (callback: () => void) => () => void
  /** Whether GET /ready may say yes. */
  readonly isReady: () => Promise<boolean>
}
