import type { Logger } from 'pino'
import type { Database } from '../db/clients.ts'
import type { Engine } from '../engine/engine.ts'

/** What a background loop stands on. */
export interface ServiceScope {
  readonly db: Database
  /** What a loop proposes goes the way of everybody's proposals. */
  readonly engine: Engine
  readonly nowMicros: () => number
}

/** How many of what a turn did, by name: for logs, metrics and tests. */
export type Counts = Readonly<Record<string, number>>

/** A background loop: one turn a period, safe on any number of replicas at once. */
export interface Service {
  readonly name: string
  readonly everySeconds: number
  /** One turn. A turn that did all it may do at once is followed by the next without a wait. */
  readonly runOnce: (scope: ServiceScope) => Promise<{ readonly counts: Counts; readonly more?: boolean }>
}

export interface StartedServices {
  /** Waits for the turns that run, and starts no more. */
  stop(): Promise<void>
}

export interface Watching {
  readonly log: Pick<Logger, 'error'>
  /** Hears of turns that did not fail. */
  readonly onTurn?: ((service: string, counts: Counts, seconds: number) => void) | undefined
  /** Whether failures are of no interest any more. */
  readonly isStopped?: () => boolean
}

/** One turn. What it throws is logged: the next turn may do better. Answers whether there is more to do at once. */
export async function takeWatchedTurn(
  service: Service,
  scope: ServiceScope,
  { log, onTurn, isStopped }: Watching,
): Promise<boolean> {
  const began = performance.now()
  try {
    const { counts, more = false } = await service.runOnce(scope)
    onTurn?.(service.name, counts, (performance.now() - began) / 1e3)
    return more
  } catch (error) {
    if (!isStopped?.()) log.error({ err: error, service: service.name }, 'a background turn failed')
    return false
  }
}

export function startServices(
  services: readonly Service[],
  scope: ServiceScope,
  log: Logger,
  onTurn?: (service: string, counts: Counts, seconds: number) => void,
): StartedServices {
  let stopped = false
  const timers = new Set<NodeJS.Timeout>()
  const running = new Set<Promise<void>>()

  const turn = async (service: Service): Promise<void> => {
    // A loop must not end because the database was away.
    const more = await takeWatchedTurn(service, scope, { log, onTurn, isStopped: () => stopped })
    plan(service, more ? 0 : service.everySeconds)
  }

  const plan = (service: Service, seconds: number): void => {
    if (stopped) return
    // Replicas that started together drift apart.
    const timer = setTimeout(
      () => {
        timers.delete(timer)
        const work = turn(service).finally(() => running.delete(work))
        running.add(work)
      },
      seconds * 1_000 * (0.9 + Math.random() * 0.2),
    )
    timers.add(timer)
  }

  for (const service of services) plan(service, Math.min(service.everySeconds, 1))
  return {
    async stop() {
      stopped = true
      for (const timer of timers) clearTimeout(timer)
      await Promise.all(running)
    },
  }
}
