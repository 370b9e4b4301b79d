import { expect, test } from 'vitest'
import { uuidv7 } from '../../db/uuid.ts'
import { createEngine } from '../../engine/create-engine.ts'
import type { Signal } from '../../engine/signals.ts'
import { testDatabase } from '../../testing/database.ts'
import { ownWorkspace } from '../../testing/owner.ts'
import { anyClient, makeDeployment, makeLimit, makePool, newRun, proposed } from '../../testing/work.ts'
import { deleteFlows } from '../flows/delete-flows.ts'
import { deleteFlowRun, deleteFlowRuns } from './delete-flow-runs.ts'

const db = await testDatabase()

/** A deployment with one slot, which the first of its runs holds; the second waits for it. */
async function contended() {
  const ctx = await ownWorkspace(db)
  const { workspaceId } = ctx
  const engine = createEngine({ db, publish: () => {} })
  const flowId = uuidv7()
  await db.engine`insert into flows (workspace_id, id, name) values (${workspaceId}, ${flowId}, 'flow')`
  const flow = { workspaceId, flowId }
  const limitId = await makeLimit(db, workspaceId, `limit ${flowId}`, 1)
  const { poolId, queueId } = await makePool(db, workspaceId, 'pool')
  const deploymentId = await makeDeployment(db, flow, { limitId, queueId })
  const claim = async (): Promise<string> => {
    const { row } = await engine.createFlowRun(
      newRun(flow, { deploymentId, workQueueId: queueId, state: proposed('SCHEDULED') }),
    )
    await engine.setFlowRunState({
      workspaceId,
      runId: row.id,
      state: proposed('PENDING'),
      policy: 'core',
      client: anyClient,
    })
    return row.id
  }
  return { ctx, engine, flowId, limitId, poolId, holder: await claim(), waiter: await claim() }
}

/** Settles with the first signal of the type. */
const heard = <Type extends Signal['type']>(engine: ReturnType<typeof createEngine>, type: Type) =>
  new Promise<Extract<Signal, { readonly type: Type }>>((resolve) => {
    const stop = engine.signals.on(type, (signal) => {
      stop()
      resolve(signal)
    })
  })

test('a deleted run gives back what it held to whoever waits for it, at once', async () => {
  const { ctx, engine, limitId, poolId, holder, waiter } = await contended()
  const stateOf = async () => (await db.engine`select state_name from flow_runs where id = ${waiter}`)[0]
  expect(await stateOf()).toEqual({ stateName: 'AwaitingConcurrencySlot' })
  const [free, place, due] = [
    heard(engine, 'slots-free'),
    heard(engine, 'work-slot-free'),
    heard(engine, 'due'),
  ]
  await deleteFlowRun(ctx, engine, holder)
  expect(await free).toMatchObject({ limitId, slots: 1 })
  expect(await place).toMatchObject({ workPoolId: poolId })
  expect((await due).dueMicros).toBeLessThanOrEqual(ctx.nowMicros())
})

test('so do runs that are deleted in bulk', async () => {
  const { ctx, engine, holder } = await contended()
  const due = heard(engine, 'due')
  expect(await deleteFlowRuns(ctx, engine, { flow_runs: { id: { any_: [holder] } } }, 10)).toEqual([holder])
  expect((await due).dueMicros).toBeLessThanOrEqual(ctx.nowMicros())
})

test('so do runs that go with their flow, and leave their places in line', async () => {
  const { ctx, engine, flowId, limitId } = await contended()
  const [free, moved] = [heard(engine, 'slots-free'), heard(engine, 'slots-moved')]
  await deleteFlows(ctx, engine, { flows: { id: { any_: [flowId] } } }, 10)
  expect(await free).toMatchObject({ limitId })
  expect(await moved).toMatchObject({ limitId })
  expect(await db.engine`select 1 from slot_waiters where workspace_id = ${ctx.workspaceId}`).toHaveLength(0)
})
