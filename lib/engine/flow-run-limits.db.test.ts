import { describe, expect, test } from 'vitest'
import type { StateType } from '../domain/state.ts'
import { parseInstant } from '../domain/time.ts'
import { testDatabase } from '../testing/database.ts'
import {
  anyClient,
  makeDeployment,
  makeFlow,
  makeLimit,
  makePool,
  newRun,
  proposed,
  type TestFlow,
} from '../testing/work.ts'
import { nowMicros } from './clock.ts'
import { createEngine } from './create-engine.ts'
import type { StateProposal } from './engine.ts'
import type { Signal } from './signals.ts'
import type { SlotAnswer } from './slot-orders.ts'

const db = await testDatabase()
let ahead = 0
const engine = createEngine({ db, publish: () => {}, nowMicros: () => nowMicros() + ahead })
const modern = { apiVersion: [0, 8, 4], clientVersion: '3.8.8' } as const
const old = { apiVersion: [0, 8, 4], clientVersion: '3.1.0' } as const

const scheduled = async (flow: TestFlow, more: Parameters<typeof newRun>[1] = {}): Promise<string> =>
  (await engine.createFlowRun(newRun(flow, { state: proposed('SCHEDULED'), ...more }))).row.id

const propose = (
  flow: TestFlow,
  runId: string,
  type: StateType,
  more: Partial<StateProposal> = {},
  state: Parameters<typeof proposed>[1] = {},
) =>
  engine.setFlowRunState({
    workspaceId: flow.workspaceId,
    runId,
    state: proposed(type, state),
    policy: 'core',
    client: modern,
    ...more,
  })

const leases = (limitId: string) =>
  db.engine<
    { id: string; slots: number; holderType: string; holderId: string; expiresAt: string | null }[]
  >`select id, slots, holder_type, holder_id, expires_at from slot_leases where limit_id = ${limitId} order by held_since`

const waiters = async (limitId: string): Promise<readonly string[]> =>
  (
    await db.engine<{ id: string }[]>`select id from slot_waiters where limit_id = ${limitId} order by since`
  ).map(({ id }) => id)

const claims = (flow: TestFlow) => db.engine<{ runId: string; token: string; holderType: string }[]>`
  select run_id, token, holder_type from run_claims where workspace_id = ${flow.workspaceId} order by claimed_at`

async function limited(slots: number, options: Parameters<typeof makeDeployment>[2] = {}) {
  const flow = await makeFlow(db)
  const limitId = await makeLimit(db, flow.workspaceId, 'deployment:x', slots)
  const deploymentId = await makeDeployment(db, flow, { limitId, ...options })
  return { flow, limitId, run: () => scheduled(flow, { deploymentId }) }
}

describe('the limit of a deployment', () => {
  test('gives a slot at the claim, under a lease that the state names, and takes it back at the end', async () => {
    const { flow, limitId, run } = await limited(1)
    const id = await run()
    const claimed = await propose(flow, id, 'PENDING')
    const [lease] = await leases(limitId)
    expect(lease).toMatchObject({ slots: 1, holderType: 'flow_run', holderId: id })
    expect(claimed.state?.details.deployment_concurrency_lease_id).toBe(lease?.id)
    await propose(flow, id, 'RUNNING')
    const done = await propose(flow, id, 'COMPLETED')
    expect(done.verdict).toBe('ACCEPT')
    expect(await leases(limitId)).toEqual([])
  })

  test('puts the run that comes too late back, or cancels it, as the deployment wishes', async () => {
    const queueing = await limited(1)
    await propose(queueing.flow, await queueing.run(), 'PENDING')
    const late = await queueing.run()
    const waits = await propose(queueing.flow, late, 'PENDING')
    expect(waits).toMatchObject({ verdict: 'REJECT', state: { name: 'AwaitingConcurrencySlot' } })
    const cancelling = await limited(1, { options: { collision_strategy: 'CANCEL_NEW' } })
    await propose(cancelling.flow, await cancelling.run(), 'PENDING')
    const gone = await propose(cancelling.flow, await cancelling.run(), 'PENDING')
    expect(gone).toMatchObject({ verdict: 'REJECT', state: { type: 'CANCELLED' } })
    expect(await leases(cancelling.limitId)).toHaveLength(1)
  })

  test('wakes the run that has waited longest when a slot comes back, and no other', async () => {
    const { flow, run } = await limited(1)
    const [first, second, third] = [await run(), await run(), await run()]
    await propose(flow, first, 'PENDING')
    for (const id of [second, third]) await propose(flow, id, 'PENDING')
    const woken = new Promise<number>((resolve) => {
      const stop = engine.signals.on('due', ({ workspaceId, dueMicros }) => {
        if (workspaceId !== flow.workspaceId) return
        stop()
        resolve(dueMicros)
      })
    })
    await propose(flow, first, 'CANCELLED')
    expect(await woken).toBeLessThanOrEqual(nowMicros())
    const waiting = await db.engine`
      select id, next_scheduled_start_at <= now() as due from flow_runs where id in (${second}, ${third}) order by expected_start_at`
    expect(waiting).toEqual([
      { id: second, due: true },
      { id: third, due: false },
    ])
    expect((await propose(flow, second, 'PENDING')).verdict).toBe('ACCEPT')
    expect((await propose(flow, second, 'RUNNING')).verdict).toBe('ACCEPT')
    // It is too late for what was claimed, or never waited.
    const hurry = (id: string) => propose(flow, id, 'SCHEDULED', { policy: 'slot-free' })
    expect([(await hurry(second)).verdict, (await hurry(first)).verdict]).toEqual(['REJECT', 'REJECT'])
  })

  test('is had by the run that was put back first, and by none that comes later, until nobody comes for it', async () => {
    const { flow, limitId, run } = await limited(1)
    const [first, second, third] = [await run(), await run(), await run()]
    await propose(flow, first, 'PENDING')
    await propose(flow, second, 'PENDING')
    await propose(flow, first, 'RUNNING')
    await propose(flow, first, 'COMPLETED')
    // Whether the second has been made due by now or not.
    expect((await propose(flow, third, 'PENDING')).state?.name).toBe('AwaitingConcurrencySlot')
    expect((await propose(flow, second, 'PENDING')).state?.type).toBe('PENDING')
    expect(await waiters(limitId)).toEqual([third])

    const fourth = await run()
    await propose(flow, second, 'CRASHED')
    expect((await propose(flow, fourth, 'PENDING')).state?.name).toBe('AwaitingConcurrencySlot')
    // Who gives up its place leaves it to the next.
    await propose(flow, third, 'CANCELLED')
    expect(await waiters(limitId)).toEqual([fourth])
    const fifth = await run()
    expect((await propose(flow, fifth, 'PENDING')).state?.name).toBe('AwaitingConcurrencySlot')
    ahead = 40e6
    expect((await propose(flow, fifth, 'PENDING')).state?.type).toBe('PENDING')
    ahead = 0
  })

  test('is shared with those who ask for its slots by name: all stand in one line', async () => {
    const { flow, limitId, run } = await limited(1)
    const { workspaceId } = flow
    const take = (): Promise<SlotAnswer> =>
      engine.slots.take(
        {
          ...{ type: 'take', workspaceId, names: ['deployment:x'], slots: 1, mode: 'concurrency' },
          ...{ leaseSeconds: 60, holder: null },
        },
        30,
      )
    const end = async (taken: Promise<SlotAnswer>) => {
      const answer = await taken
      if (answer.type !== 'granted') throw new Error(answer.type)
      await engine.slots.settle({ type: 'end', workspaceId, leaseId: answer.leaseId })
    }
    const held = take()
    await held
    const before = take()
    await expect.poll(async () => (await waiters(limitId)).length).toBe(1)
    const id = await run()
    await propose(flow, id, 'PENDING')
    const after = take()
    await expect.poll(async () => (await waiters(limitId)).length).toBe(3)
    await end(held)
    await before
    expect((await propose(flow, id, 'PENDING')).state?.name).toBe('AwaitingConcurrencySlot')
    const due = new Promise((resolve) => engine.signals.on('due', resolve))
    await end(before)
    expect(await due).toMatchObject({ workspaceId })
    expect((await propose(flow, id, 'PENDING')).state?.type).toBe('PENDING')
    expect(await waiters(limitId)).toHaveLength(1)
    await propose(flow, id, 'CANCELLED')
    await end(after)
    expect(await waiters(limitId)).toEqual([])
  })

  test('that a deployment had is given back to those who wait for it, whatever became of the deployment meanwhile', async () => {
    const { flow, limitId, run } = await limited(1)
    const other = await makeDeployment(db, flow, { limitId })
    const isDue = (deploymentId: string) =>
      new Promise<void>((resolve) => {
        const stop = engine.signals.on('due', (signal) => {
          if (signal.deploymentId !== deploymentId) return
          stop()
          resolve()
        })
      })
    for (const became of [null, 'another']) {
      const [holds, waits] = [await run(), await scheduled(flow, { deploymentId: other })]
      await propose(flow, holds, 'PENDING')
      await propose(flow, holds, 'RUNNING')
      expect((await propose(flow, waits, 'PENDING')).state?.name).toBe('AwaitingConcurrencySlot')
      const next = became && (await makeLimit(db, flow.workspaceId, became, 1))
      await db.engine`
        update deployments set concurrency_limit_id = ${next} where workspace_id = ${flow.workspaceId} and id <> ${other}`
      const due = isDue(other)
      await propose(flow, holds, 'COMPLETED')
      await due
      expect((await propose(flow, waits, 'PENDING')).verdict).toBe('ACCEPT')
      await propose(flow, waits, 'CANCELLED')
      await db.engine`
        update deployments set concurrency_limit_id = ${limitId} where workspace_id = ${flow.workspaceId}`
    }
  })

  test('tells those who wait of slots whose leases ran out, when a run comes upon them that takes one', async () => {
    const { flow, limitId, run } = await limited(2)
    const ids = [await run(), await run(), await run(), await run()]
    for (const id of ids) await propose(flow, id, 'PENDING')
    expect(await leases(limitId)).toHaveLength(2)
    await db.engine`update slot_leases set expires_at = now() where limit_id = ${limitId}`
    const freed = new Promise((resolve) => {
      const stop = engine.signals.on('slots-free', (signal) => {
        if (signal.limitId !== limitId) return
        stop()
        resolve(signal)
      })
    })
    await propose(flow, ids[2] ?? '', 'PENDING')
    await freed
    await expect
      .poll(
        () =>
          db.engine`select id from flow_runs where id = ${ids[3] ?? ''} and next_scheduled_start_at <= now()`,
      )
      .toHaveLength(1)
  })

  test('of 40 claims at once, in two engines, lets exactly as many through as there are slots', async () => {
    const { flow, limitId, run } = await limited(7)
    const other = createEngine({ db, publish: () => {} })
    const ids = await Promise.all(Array.from({ length: 40 }, run))
    const answers = await Promise.all(
      ids.map((runId, n) =>
        (n % 2 ? engine : other).setFlowRunState({
          workspaceId: flow.workspaceId,
          runId,
          state: proposed('PENDING'),
          policy: 'core',
          client: modern,
        }),
      ),
    )
    expect(answers.filter(({ verdict }) => verdict === 'ACCEPT')).toHaveLength(7)
    expect(await leases(limitId)).toHaveLength(7)
  })

  test('waits for infrastructure as long as the deployment grants, then gives the slot to another', async () => {
    const { flow, limitId, run } = await limited(1, { options: { grace_period_seconds: 60 } })
    const [slow, quick] = [await run(), await run()]
    await propose(flow, slow, 'PENDING')
    const until = parseInstant((await leases(limitId))[0]?.expiresAt ?? '') ?? 0
    expect(Math.abs(until - nowMicros() - 60e6)).toBeLessThan(5e6)
    ahead = 61e6
    try {
      expect((await propose(flow, quick, 'PENDING')).verdict).toBe('ACCEPT')
      expect(await propose(flow, slow, 'RUNNING')).toMatchObject({
        verdict: 'REJECT',
        state: { type: 'CANCELLED', message: expect.stringContaining('lost during provisioning') },
      })
      await propose(flow, quick, 'COMPLETED')
    } finally {
      ahead = 0
    }
    expect(await leases(limitId)).toEqual([])
  })

  test('renews the lease at the start, or takes another slot when it ran out', async () => {
    const { flow, limitId, run } = await limited(1, { options: { grace_period_seconds: 60 } })
    const id = await run()
    await propose(flow, id, 'PENDING')
    const [first] = await leases(limitId)
    ahead = 30e6
    await propose(flow, id, 'RUNNING')
    const [renewed] = await leases(limitId)
    ahead = 0
    expect(renewed?.id).toBe(first?.id)
    expect(renewed?.expiresAt && first?.expiresAt && renewed.expiresAt > first.expiresAt).toBe(true)
    await propose(flow, id, 'COMPLETED')

    const second = await run()
    const claimed = await propose(flow, second, 'PENDING')
    ahead = 61e6
    const started = await propose(flow, second, 'RUNNING')
    ahead = 0
    expect(started.verdict).toBe('ACCEPT')
    const [fresh] = await leases(limitId)
    expect(fresh?.id).toBe(started.state?.details.deployment_concurrency_lease_id)
    expect(fresh?.id).not.toBe(claimed.state?.details.deployment_concurrency_lease_id)
  })

  test('holds the slot of a client that cannot renew until the run ends', async () => {
    const { flow, limitId, run } = await limited(1)
    const id = await run()
    await propose(flow, id, 'PENDING', { client: old })
    await propose(flow, id, 'RUNNING', { client: old })
    expect((await leases(limitId))[0]?.expiresAt).toBeNull()
    await propose(flow, id, 'CRASHED', { client: old, policy: 'minimal' })
    expect(await leases(limitId)).toEqual([])
  })

  test('is none while it is switched off, and closed at 0', async () => {
    const { flow, limitId, run } = await limited(0)
    expect((await propose(flow, await run(), 'PENDING')).verdict).toBe('ABORT')
    await db.engine`update concurrency_limits set active = false where id = ${limitId}`
    expect((await propose(flow, await run(), 'PENDING')).verdict).toBe('ACCEPT')
    expect(await leases(limitId)).toEqual([])
  })
})

describe('a work pool', () => {
  test('keeps a row for each run that somebody executes, under its token', async () => {
    const flow = await makeFlow(db)
    const { queueId } = await makePool(db, flow.workspaceId, 'pool')
    const id = await scheduled(flow, { workQueueId: queueId })
    const claimed = await propose(flow, id, 'PENDING')
    const [claim] = await claims(flow)
    expect(claim).toMatchObject({ runId: id, holderType: 'worker' })
    expect(claimed.state?.details.claim_token).toBe(claim?.token)
    await propose(flow, id, 'PENDING', {}, { name: 'Submitting' })
    await propose(flow, id, 'RUNNING')
    expect(await claims(flow)).toEqual([claim])
    await propose(flow, id, 'COMPLETED')
    expect(await claims(flow)).toEqual([])
  })

  test('of 40 claims at once, in two engines, lets exactly as many through as pool and queue allow', async () => {
    const flow = await makeFlow(db)
    const other = createEngine({ db, publish: () => {} })
    for (const limits of [{ pool: 5 }, { queue: 5 }, { pool: 9, queue: 5 }]) {
      const { queueId } = await makePool(
        db,
        flow.workspaceId,
        JSON.stringify(limits).replace(/\W/g, ''),
        limits,
      )
      const ids = await Promise.all(
        Array.from({ length: 40 }, () => scheduled(flow, { workQueueId: queueId })),
      )
      const answers = await Promise.all(
        ids.map((runId, n) =>
          (n % 2 ? engine : other).setFlowRunState({
            workspaceId: flow.workspaceId,
            runId,
            state: proposed('PENDING'),
            policy: 'core',
            client: anyClient,
          }),
        ),
      )
      expect(answers.filter(({ verdict }) => verdict === 'ACCEPT')).toHaveLength(5)
      const refused = answers.find(({ verdict }) => verdict === 'REJECT')
      expect(refused).toMatchObject({ written: false, state: { type: 'SCHEDULED' } })
      expect(refused?.reason).toMatch(/is full: its concurrency limit of 5 is taken by /)
    }
  })

  test('refuses a holder whose claim has passed to another, and says so', async () => {
    const flow = await makeFlow(db)
    const { queueId } = await makePool(db, flow.workspaceId, 'pool')
    const id = await scheduled(flow, { workQueueId: queueId })
    const holder = (name: string) => ({ holder: { type: 'agent', id: null, name } as const, seconds: 45 })
    const first = await propose(flow, id, 'PENDING', { claimedBy: holder('a1') })
    const token = first.state?.details.claim_token ?? ''
    const under = { details: { claim_token: token } }
    await propose(flow, id, 'SCHEDULED', { policy: 'minimal' })
    const back = await propose(flow, id, 'RUNNING', {}, under)
    expect([back.verdict, back.reason]).toEqual(['ABORT', expect.stringContaining('given back')])
    await propose(flow, id, 'PENDING', { claimedBy: holder('a2') })
    const stale = await propose(flow, id, 'RUNNING', {}, under)
    expect([stale.verdict, stale.reason]).toEqual(['ABORT', expect.stringContaining('agent "a2"')])
    const [claim] = await claims(flow)
    const fresh = await propose(flow, id, 'RUNNING', {}, { details: { claim_token: claim?.token ?? '' } })
    expect(fresh.verdict).toBe('ACCEPT')
  })

  test('tells who waits in this process what became due, free, or should stop', async () => {
    const flow = await makeFlow(db)
    const { queueId, poolId } = await makePool(db, flow.workspaceId, 'pool')
    const heard: Signal[] = []
    const stop = (['due', 'work-slot-free', 'stop-asked'] as const).map((type) =>
      engine.signals.on(type, (signal) => heard.push(signal)),
    )
    const id = await scheduled(flow, { workQueueId: queueId })
    await propose(flow, id, 'PENDING')
    await propose(flow, id, 'CANCELLING')
    await propose(flow, id, 'CANCELLED')
    for (const end of stop) end()
    await scheduled(flow, { workQueueId: queueId })
    expect(heard).toMatchObject([
      { type: 'due', workPoolId: poolId, workQueueId: queueId, dueMicros: expect.any(Number) },
      { type: 'stop-asked', workPoolId: poolId, runId: id },
      { type: 'work-slot-free', workPoolId: poolId },
    ])
  })
})
