import { expect, test } from 'vitest'
import { uuidv7 } from '../db/uuid.ts'
import { testDatabase } from '../testing/database.ts'
import { anyClient, makeFlow, newRun, proposed } from '../testing/work.ts'
import { nowMicros } from './clock.ts'
import { createEngine } from './create-engine.ts'

// One connection: a session reads what it counted itself, while others send theirs when they like.
const db = await testDatabase({ poolSize: 1 })
const engine = createEngine({ db, publish: () => {} })

async function hotUpdates(): Promise<{ updates: number; hot: number }> {
  await db.engine`select pg_stat_force_next_flush()`
  const [row] = await db.engine<{ updates: number; hot: number }[]>`
    select n_tup_upd as updates, n_tup_hot_upd as hot from pg_stat_user_tables where relname = 'flow_runs'`
  return row ?? { updates: 0, hot: 0 }
}

test('flow runs change by HOT updates: no index names what a transition changes', async () => {
  const flow = await makeFlow(db)
  const start = (runId: string) =>
    engine.setFlowRunState({
      workspaceId: flow.workspaceId,
      runId,
      state: proposed('RUNNING'),
      policy: 'core',
      client: anyClient,
    })
  const { row } = await engine.createFlowRun(newRun(flow))
  // Started long after it was expected, as runs are that waited for a worker: no index of the run may notice.
  const expected = nowMicros() - 60_000_000
  const { row: late } = await engine.createFlowRun(
    newRun(flow, { reported: { stateId: uuidv7(), atMicros: expected } }),
  )
  const before = await hotUpdates()
  await start(late.id)
  const [started] =
    await db.engine`select run_id from flow_run_late_starts where workspace_id = ${flow.workspaceId}`
  expect(started?.runId).toBe(late.id)
  // One after the other: in one burst a page may be full before the dead versions on it may go.
  for (let n = 0; n < 20; n++) await start(row.id)
  const after = await hotUpdates()
  expect(after.updates - before.updates).toBe(21)
  expect(after.hot - before.hot).toBeGreaterThanOrEqual(19)
})
