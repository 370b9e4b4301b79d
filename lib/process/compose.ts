import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { createApiListener } from '../api/node-listener.ts'
import { routes } from '../api/routes.ts'
import type { Services } from '../api/services.ts'
import { createSockets } from '../api/sockets/accept.ts'
import type { Config } from '../config/config.ts'
import { log } from '../config/log.ts'
import { createNotifier } from '../control/notifications/notifier.ts'
import { createWork, forgetChanged } from '../control/work/create-work.ts'
import { connectDatabase, type Database } from '../db/clients.ts'
import { SideConnection } from '../db/side-connection.ts'
import { announceSlots } from '../engine/announce-slots.ts'
import { nowMicros } from '../engine/clock.ts'
import { createEngine } from '../engine/create-engine.ts'
import { DueWork } from '../engine/due-work.ts'
import { shareSlots } from '../engine/share-slots.ts'
import type { EventRow } from '../engine/write-set.ts'
import { createIdentity } from '../identity/identity-service.ts'
import { createHub } from '../live/create-hub.ts'
import { createFeed } from '../live/event-feed.ts'
import { followReplicas } from '../live/follow-replicas.ts'
import { readPastEvents, readPastLogs } from '../live/read-past.ts'
import { createReplicaBus } from '../live/replica-bus.ts'
import { services as backgroundServices } from '../services/all.ts'
import { scheduleRuns } from '../services/schedule-runs.ts'
import { type StartedServices, startServices, takeWatchedTurn } from '../services/service.ts'
import { createSendNotifications } from '../services/take-automation-steps.ts'
import type { Listener } from './front-door.ts'
import { createMetrics, type Metrics } from './metrics.ts'

/** Everything that stands on the database, put together once a process. */
export interface Application {
  readonly services: Services
  readonly metrics: Metrics
  /** The API over HTTP. */
  readonly listener: Listener
  /** Takes over an upgrade; answers whether the path is one of ours. */
  readonly acceptSocket: (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean
  /** Ends sockets and streams, each with the reason. Their clients look for another replica. */
  endStreams(reason: string): Promise<void>
  /** Sorts what fell due while Rigel was away by its schedules' catch-up policies: before anybody can ask for work. */
  catchUp(): Promise<void>
  /** Starts the background loops. */
  startServices(): void
  /** Commits what was accepted, then lets go of the database. */
  close(): Promise<void>
}

const readyTimeoutMs = 2_000

/** The database answers, and has the migrations that this program needs. */
function readiness(db: Database, migrations: number): () => Promise<boolean> {
  return async () => {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(resolve, readyTimeoutMs, false)
    })
    const asked = db.engine<{ applied: number }[]>`
      select count(*)::int as applied from drizzle.__drizzle_migrations`.then(
      ([row]) => (row?.applied ?? 0) >= migrations,
      () => false,
    )
    try {
      return await Promise.race([asked, late])
    } finally {
      clearTimeout(timer)
    }
  }
}

export interface ComposeOptions {
  readonly config: Config
  readonly databaseUrl: string
  /** Of the embedded Postgres. */
  readonly socketPath?: string | undefined
  readonly authSecret: string
  /** How many migrations there are, as `migrate` answered. */
  readonly migrations: number
}

/** Every sender asks again until somebody mends it: once in ten seconds says as much as a thousand times. */
function sometimes<Said>(say: (said: Said) => void): (said: Said) => void {
  let quietUntilMs = 0
  return (said) => {
    const now = performance.now()
    if (now < quietUntilMs) return
    quietUntilMs = now + 10_000
    say(said)
  }
}

export function composeApplication({
  config,
  databaseUrl,
  socketPath,
  authSecret,
  migrations,
}: ComposeOptions): Application {
  const db = connectDatabase({ url: databaseUrl, socketPath, poolSize: config.poolSize })
  const metrics = createMetrics()
  const hub = createHub()
  const events = createFeed<EventRow>((event) => event.id)
  const side = new SideConnection(db.engine)
  const identity = createIdentity({ db, side })
  const replicas = createReplicaBus(side, (error) =>
    log().warn({ err: error }, 'other replicas were not told'),
  )
  const followed = followReplicas({
    bus: replicas,
    hub,
    events,
    readEvents: (workspaceId, sinceMicros) => readPastEvents(db, workspaceId, sinceMicros, nowMicros()),
    readLogs: (workspaceId, flowRunId, sinceMicros) =>
      readPastLogs(db, workspaceId, flowRunId, sinceMicros, nowMicros()),
    onError: (error) => log().warn({ err: error }, "another replica's commits were not read"),
  })
  const due = new DueWork(replicas.provenAt)
  const engine = createEngine({
    db,
    publish: (workspaceId, changes) => {
      forgetChanged(due, workspaceId, changes)
      replicas.tellChanges(workspaceId, changes)
      followed.publish(workspaceId, changes)
    },
    // Somebody may watch on another replica.
    watches: (workspaceId) => replicas.peers > 0 || hub.watches(workspaceId),
    skip: hub.skip,
    publishEvents: (workspaceId, rows) => {
      replicas.tellEvents(workspaceId, rows)
      events.publish(workspaceId, rows)
    },
    onRefused: (path, error) => log().warn({ err: error, path }, 'the database refused a row'),
    onShort: sometimes((error) =>
      log().error(
        { err: error },
        'the database has no room or does not write: senders are told to try again',
      ),
    ),
    onBatch: metrics.onBatch,
  })
  // Task workers wait on every replica.
  engine.signals.on('task-enqueued', ({ workspaceId }) => replicas.tell(workspaceId, 'work'))
  // So do those who wait for slots of limits.
  shareSlots(engine, replicas)
  const stopAnnouncing = announceSlots(engine.signals, {
    announce: (workspaceId, change) => {
      replicas.tell(workspaceId, 'slots')
      followed.publish(workspaceId, [change])
    },
    watches: (workspaceId) => replicas.peers > 0 || hub.watches(workspaceId),
  })
  replicas.onHint({
    onHint: ({ kinds }) => {
      if (kinds.has('objects')) engine.expireWatch()
    },
    onReset: () => engine.expireWatch(),
  })
  const work = createWork({
    db,
    engine,
    due,
    replicas,
    nowMicros,
    onError: (error) => log().error({ err: error }, 'signs of life could not be written'),
  })
  const shutdown = new Set<() => void>()
  const services: Services = {
    db,
    engine,
    work,
    identity,
    hub,
    events,
    replicas,
    log: log(),
    publicUrl: config.givenPublicUrl ?? null,
    authSecret,
    nowMicros,
    onShutdown: (callback) => {
      shutdown.add(callback)
      return () => shutdown.delete(callback)
    },
    isReady: readiness(db, migrations),
  }
  const sockets = createSockets(services)
  let loops: StartedServices | undefined
  metrics.watch('rigel_sockets', 'Open websockets of clients and agents', () => sockets.count)
  return {
    services,
    metrics,
    listener: createApiListener(services, routes),
    acceptSocket: (request, socket, head) => sockets.accept(request, socket, head),
    endStreams: async (reason) => {
      for (const callback of shutdown) callback()
      await sockets.closeAll(reason)
    },
    catchUp: async () => {
      await takeWatchedTurn(scheduleRuns, { db, engine, nowMicros }, { log: log(), onTurn: metrics.onTurn })
    },
    startServices: () => {
      const notifier = createNotifier({
        authSecret,
        publicUrl: config.publicUrl,
        allowsInside: config.allowsPrivateAddresses,
      })
      const all = [...backgroundServices, createSendNotifications(notifier)]
      loops ??= startServices(all, { db, engine, nowMicros }, log(), metrics.onTurn)
    },
    close: async () => {
      await loops?.stop()
      await work.close()
      await engine.drain()
      stopAnnouncing()
      followed.stop()
      await replicas.close()
      await identity.close()
      await side.close()
      await db.close()
      metrics.close()
    },
  }
}
