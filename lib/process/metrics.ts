import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** What `GET /metrics` tells, and the places that the process's parts report to. */
export interface Metrics {
  /** A batch of the engine: its path, how many items shared the statement, how long it took. */
  readonly onBatch: (path: string, size: number, seconds: number, failed: boolean) => void
  readonly onRequest: (room: string, status: number, seconds: number) => void
  /** A turn of a background service, with what it counted. */
  readonly onTurn: (service: string, counts: Readonly<Record<string, number>>, seconds: number) => void
  /** Read when the metrics are asked for. */
  readonly watch: (name: string, help: string, read: () => number) => void
  readonly text: () => Promise<string>
  readonly close: () => void
}

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]

export function createMetrics(): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const items = new Counter({
    name: 'rigel_engine_items_total',
    help: 'Transitions, creations, events and log lines that batches took, by path and outcome',
    labelNames: ['path', 'outcome'],
    registers,
  })
  const batchSeconds = new Histogram({
    name: 'rigel_engine_batch_seconds',
    help: 'Time from the start of a batch to its commit',
    labelNames: ['path'],
    buckets: seconds,
    registers,
  })
  const batchSize = new Histogram({
    name: 'rigel_engine_batch_size',
    help: 'How many items shared one batch',
    labelNames: ['path'],
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024],
    registers,
  })
  const requestSeconds = new Histogram({
    name: 'rigel_http_request_seconds',
    help: 'Time to the last byte of an answer, by room (api, pages) and class of status',
    labelNames: ['room', 'status'],
    buckets: seconds,
    registers,
  })
  const turnSeconds = new Histogram({
    name: 'rigel_service_turn_seconds',
    help: 'How long one turn of a background service took',
    labelNames: ['service'],
    buckets: seconds,
    registers,
  })
  const turnItems = new Counter({
    name: 'rigel_service_items_total',
    help: 'What background services did, by service and kind',
    labelNames: ['service', 'kind'],
    registers,
  })
  return {
    onTurn: (service, counts, took) => {
      turnSeconds.observe({ service }, took)
      for (const [kind, count] of Object.entries(counts)) turnItems.inc({ service, kind }, count)
    },
    onBatch: (path, size, took, failed) => {
      items.inc({ path, outcome: failed ? 'failed' : 'committed' }, size)
      batchSeconds.observe({ path }, took)
      batchSize.observe({ path }, size)
    },
    onRequest: (room, status, took) => {
      requestSeconds.observe({ room, status: `${Math.floor(status / 100)}xx` }, took)
    },
    watch: (name, help, read) => {
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read())
        },
      })
    },
    text: () => registry.metrics(),
    close: () => registry.clear(),
  }
}
