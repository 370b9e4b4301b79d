import { afterEach, expect, test } from 'vitest'
import { createMetrics, type Metrics } from './metrics.ts'

let metrics: Metrics | undefined
afterEach(() => metrics?.close())

test('tells the process, the batches and the requests in the format of Prometheus', async () => {
  metrics = createMetrics()
  metrics.onBatch('set_flow_run_state', 12, 0.004, false)
  metrics.onBatch('set_flow_run_state', 1, 0.004, true)
  metrics.onRequest('api', 404, 0.002)
  metrics.onTurn('fold-run-counts', { folded: 7 }, 0.01)
  metrics.watch('rigel_sockets', 'Open sockets', () => 3)
  const text = await metrics.text()
  expect(text).toContain('rigel_engine_items_total{path="set_flow_run_state",outcome="committed"} 12')
  expect(text).toContain('rigel_engine_items_total{path="set_flow_run_state",outcome="failed"} 1')
  expect(text).toContain('rigel_http_request_seconds_count{room="api",status="4xx"} 1')
  expect(text).toContain('rigel_service_items_total{service="fold-run-counts",kind="folded"} 7')
  expect(text).toContain('rigel_sockets 3')
  expect(text).toContain('process_resident_memory_bytes')
})

test('two servers of one process count apart', async () => {
  metrics = createMetrics()
  const other = createMetrics()
  other.onBatch('logs', 5, 0.001, false)
  expect(await metrics.text()).not.toContain('path="logs"')
  other.close()
})
