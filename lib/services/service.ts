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
    const began = performance.now()
    let waitSeconds = service.everySeconds
    try {
      const { counts, more } = await service.runOnce(scope)
      onTurn?.(service.name, counts, (performance.now() - began) / 1e3)
      if (more) waitSeconds = 0
    } catch (error) {
      // The next turn may do better; a loop must not end because the database was away.
      if (!stopped) log.error({ err: error, service: service.name }, 'a background turn failed')
    }
    plan(service, waitSeconds)
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
