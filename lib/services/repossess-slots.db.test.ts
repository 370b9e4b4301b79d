import { expect, test } from 'vitest'
import { nowMicros } from '../engine/clock.ts'
import { createEngine } from '../engine/create-engine.ts'
import { testDatabase } from '../testing/database.ts'
import { makeFlow, makeLimit } from '../testing/work.ts'
import { repossessSlots } from './repossess-slots.ts'

const db = await testDatabase()

test('leases that have ended are deleted by any number of replicas, the others stay', async () => {
  const { workspaceId } = await makeFlow(db)
  const limitId = await makeLimit(db, workspaceId, 'limit', 100)
  const engine = createEngine({ db, publish: () => {} })
  const take = (leaseSeconds: number | null) =>
    engine.slots.take({
      type: 'take',
      workspaceId,
      names: ['limit'],
      slots: 2,
      mode: 'concurrency',
      leaseSeconds,
      holder: null,
    })
  for (const seconds of [60, 60, 90, null]) await take(seconds)
  const freed: number[] = []
  engine.signals.on('slots-free', ({ slots }) => freed.push(slots))
  const scope = { db, engine, nowMicros: () => nowMicros() + 61e6 }
  const turns = await Promise.all([repossessSlots.runOnce(scope), repossessSlots.runOnce(scope)])
  expect(turns.reduce((sum, { counts }) => sum + (counts.leases ?? 0), 0)).toBe(2)
  expect(freed).toEqual([2, 2])
  const left = await db.engine`select slots from slot_leases where limit_id = ${limitId}`
  expect(left).toHaveLength(2)
  // The limit learns that two leases were held for their 60 seconds: n slots remember about 2n of them.
  const average = async () =>
    (
      await db.engine`select average_occupancy_seconds as average from concurrency_limits where id = ${limitId}`
    )[0]?.average
  await expect.poll(average).toBeCloseTo(2 + (58 * 2) / 200, 1)
})
