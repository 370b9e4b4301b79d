import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { formatInstant } from '../domain/time.ts'
import { nowMicros } from '../engine/clock.ts'
import { createEngine } from '../engine/create-engine.ts'
import { testDatabase } from '../testing/database.ts'
import { foldRunCounts } from './fold-run-counts.ts'
import { preparePartitions } from './prepare-partitions.ts'

const db = await testDatabase()
const scope = { db, nowMicros, engine: createEngine({ db, publish: () => {} }) }

const totalRuns = async (workspaceId: string): Promise<number> => {
  const [row] = await db.engine<{ runs: number }[]>`
    select coalesce(sum(runs), 0)::int as runs from (
      select runs from run_count_deltas where workspace_id = ${workspaceId}
      union all select runs from run_counts where workspace_id = ${workspaceId}
      union all select runs from run_counts_hourly where workspace_id = ${workspaceId}) counted`
  return row?.runs ?? 0
}

const addDelta = (workspaceId: string, bucketAt: string, runs: number) => db.engine`
  insert into run_count_deltas (workspace_id, kind, bucket_at, flow_id, deployment_id, state_type, state_name, runs, run_seconds, late_seconds)
  values (${workspaceId}, 'flow-run', ${bucketAt}, ${workspaceId}, ${workspaceId}, 'RUNNING', 'Running', ${runs}, 0, 0)`

test('counts are the same before and after folding, with replicas folding at once', async () => {
  const workspaceId = randomUUID()
  const old = formatInstant(nowMicros() - 5 * 24 * 3_600 * 1_000_000)
  for (let n = 0; n < 20; n++)
    await addDelta(workspaceId, n % 2 ? old : formatInstant(nowMicros()), n % 3 ? 1 : -1)
  const before = await totalRuns(workspaceId)
  await Promise.all([
    foldRunCounts.runOnce(scope),
    foldRunCounts.runOnce(scope),
    foldRunCounts.runOnce(scope),
  ])
  await foldRunCounts.runOnce(scope)
  expect(await totalRuns(workspaceId)).toBe(before)
  const [left] =
    await db.engine`select count(*)::int as n from run_count_deltas where workspace_id = ${workspaceId}`
  expect(left?.n).toBe(0)
  const [hourly] =
    await db.engine`select count(*)::int as n from run_counts_hourly where workspace_id = ${workspaceId}`
  expect(hourly?.n).toBe(1)
})

test('partitions are made ahead, by several replicas at once, and take what the default had parked', async () => {
  const workspaceId = randomUUID()
  const inTwoWeeks = formatInstant(nowMicros() + 14 * 24 * 3_600 * 1_000_000)
  await db.engine`insert into logs (workspace_id, at, id, logger, level, message) values (${workspaceId}, ${inTwoWeeks}, ${randomUUID()}, 'x', 20, 'ahead')`
  await Promise.all([preparePartitions.runOnce(scope), preparePartitions.runOnce(scope)])
  const [parked] =
    await db.engine`select count(*)::int as n from logs_default where workspace_id = ${workspaceId}`
  const [kept] = await db.engine`select count(*)::int as n from logs where workspace_id = ${workspaceId}`
  expect([parked?.n, kept?.n]).toEqual([0, 1])
})
