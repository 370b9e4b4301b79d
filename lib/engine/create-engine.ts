import type { Database } from '../db/clients.ts'
import { isRefusal } from '../db/refusals.ts'
import type { FlowRunRow } from '../db/rows/flow-run.ts'
import type { TaskRunRow } from '../db/rows/task-run.ts'
import type { Change } from '../domain/change.ts'
import { Problem } from '../domain/problem.ts'
import { createBatcher } from './batcher.ts'
import {
  type Beat,
  type BeatAnswer,
  type Heartbeat,
  heartbeatsOf,
  recordBeats,
  recordHeartbeats,
} from './beats.ts'
import { type ClaimedRun, type ClaimRequest, claimFlowRuns } from './claims.ts'
import { nowMicros } from './clock.ts'
import type {
  Created,
  Engine,
  NewFlowRun,
  NewTaskRun,
  StateProposal,
  TaskStateProposal,
  TransitionResult,
} from './engine.ts'
import { EventWatch } from './event-watch.ts'
import { createFlowRuns } from './flow-run-creation.ts'
import { type TransitionDeps, transitFlowRuns } from './flow-run-transitions.ts'
import { runsToHurry } from './hurry-waiting-runs.ts'
import { type EventChunk, type LogChunk, storeEvents, storeLogs } from './intake.ts'
import { KnownFlows } from './known-flows.ts'
import { KnownRuns } from './known-runs.ts'
import { OpenWaits } from './open-waits.ts'
import { publishIfWatched } from './publish.ts'
import { settleSlots } from './settle-slots.ts'
import { createSignals, type DeploymentSlotFree } from './signals.ts'
import { type HeldSlots, recordOccupancy } from './slot-occupancy.ts'
import type { SlotAnswer, SlotOrder } from './slot-orders.ts'
import { createSlots } from './slot-queue.ts'
import { renewWaiters } from './slot-writes.ts'
import { startInLine } from './start-task-run.ts'
import { createTaskRuns } from './task-run-creation.ts'
import { transitTaskRuns } from './task-run-transitions.ts'
import { Turns } from './turns.ts'
import type { EventRow } from './write-set.ts'

export interface EngineOptions {
  readonly db: Database
  /** Called after each COMMIT with what it changed. */
  readonly publish: (workspaceId: string, changes: readonly Change[]) => void
  /** Whether changes of a workspace are wanted at all; default yes. Where not, `skip` is told how many there were. */
  readonly watches?: (workspaceId: string) => boolean
  readonly skip?: (workspaceId: string, count: number) => void
  /** Called after each COMMIT with the events it stored. */
  readonly publishEvents?: (workspaceId: string, events: readonly EventRow[]) => void
  /** Told of single rows that the database refused, which would otherwise have taken their neighbours along. */
  readonly onRefused?: (path: string, error: unknown) => void
  /** Told each time that the database had no room for a batch, or did not write. */
  readonly onShort?: (error: unknown) => void
  readonly nowMicros?: () => number
  readonly dice?: () => number
  readonly onBatch?: (path: string, size: number, seconds: number, failed: boolean) => void
}

/** Rows an event or log statement takes at most; more shows no gain, and holds the others up. */
const INTAKE_ROWS = 1_000

/** Runs that one transaction claims: enough for a busy pool, and few enough that others are not kept waiting. */
const CLAIMED_ROWS = 256

/** Cuts what one caller sent into pieces that share a statement with others. */
function chunked<Item>(items: readonly Item[]): (readonly Item[])[] {
  if (items.length <= INTAKE_ROWS) return items.length === 0 ? [] : [items]
  const chunks: Item[][] = []
  for (let i = 0; i < items.length; i += INTAKE_ROWS) chunks.push(items.slice(i, i + INTAKE_ROWS))
  return chunks
}

/**
 * Adds items in chunks. A chunk that the database refuses is halved until the refused item stands alone, which is dropped and told of:
 * to send it again could never succeed, and its neighbours must not be lost for it. What it refuses for another reason than the item is
 * not dropped: whoever sent it learns that it was not stored.
 */
async function addAll<Item>(
  items: readonly Item[],
  add: (chunk: readonly Item[]) => Promise<unknown>,
  onRefused: (error: unknown) => void,
): Promise<void> {
  const tryChunk = async (chunk: readonly Item[]): Promise<void> => {
    try {
      await add(chunk)
    } catch (error) {
      if (error instanceof Problem || !isRefusal(error)) throw error
      if (chunk.length === 1) return onRefused(error)
      const middle = chunk.length >> 1
      await tryChunk(chunk.slice(0, middle))
      await tryChunk(chunk.slice(middle))
    }
  }
  await Promise.all(chunked(items).map(tryChunk))
}

export function createEngine(options: EngineOptions): Engine {
  const deps: TransitionDeps = {
    sql: options.db.engine,
    nowMicros: options.nowMicros ?? nowMicros,
    dice: options.dice ?? Math.random,
    publish: options.publish,
    watches: options.watches ?? (() => true),
    skip: options.skip ?? (() => {}),
    publishEvents: options.publishEvents ?? (() => {}),
    signals: createSignals(),
    watch: new EventWatch(options.db.engine),
    known: new KnownRuns(),
    knownFlows: new KnownFlows(),
  }
  const observe = (path: string) => (size: number, seconds: number, failed: boolean) =>
    options.onBatch?.(path, size, seconds, failed)
  const byWorkspace = (item: { readonly workspaceId: string }): string => item.workspaceId
  const limits = {
    maxBatch: 256,
    maxWaiting: 20_000,
    maxInFlight: 2,
    worthCompany: 16,
    tenantOf: byWorkspace,
    onShort: (error: unknown) => options.onShort?.(error),
  }

  const flowRunCreations = createBatcher<NewFlowRun, Created<FlowRunRow>>({
    ...limits,
    name: 'create flow runs',
    keyOf: (run) =>
      run.idempotencyKey !== null
        ? `${run.workspaceId} ${run.flowId} ${run.idempotencyKey}`
        : run.id
          ? `${run.workspaceId} ${run.id}`
          : null,
    run: (runs) => createFlowRuns(deps, runs),
    onBatch: observe('create_flow_run'),
  })
  const flowRunTransitions = createBatcher<StateProposal, TransitionResult>({
    ...limits,
    // Most are one statement that waits for its COMMIT to reach the disk: a third one is judged meanwhile (a tenth more a second).
    maxInFlight: 3,
    name: 'set flow run states',
    keyOf: (proposal) => `${proposal.workspaceId} ${proposal.runId}`,
    run: (proposals) => transitFlowRuns(deps, proposals),
    onBatch: observe('set_flow_run_state'),
  })
  const taskRunCreations = createBatcher<NewTaskRun, Created<TaskRunRow>>({
    ...limits,
    name: 'create task runs',
    keyOf: (run) =>
      run.flowRunId !== null
        ? `${run.workspaceId} ${run.flowRunId} ${run.taskKey} ${run.dynamicKey}`
        : run.id
          ? `${run.workspaceId} ${run.id}`
          : null,
    run: (runs) => createTaskRuns(deps, runs),
    onBatch: observe('create_task_run'),
  })
  const taskRunTransitions = createBatcher<TaskStateProposal, TransitionResult>({
    ...limits,
    name: 'set task run states',
    keyOf: (proposal) => `${proposal.workspaceId} ${proposal.runId}`,
    run: (proposals) => transitTaskRuns(deps, proposals),
    onBatch: observe('set_task_run_state'),
  })
  const slotsOfDeployments = createBatcher<DeploymentSlotFree, true>({
    ...limits,
    name: 'hurry runs that wait for slots',
    keyOf: null,
    run: async (freed) => {
      const proposals = await runsToHurry(deps.sql, freed, deps.nowMicros())
      await Promise.all(proposals.map((proposal) => flowRunTransitions.add(proposal)))
      return freed.map(() => true)
    },
    onBatch: observe('hurry_flow_runs'),
  })
  // Whatever goes wrong, the run looks again by itself.
  deps.signals.on('deployment-slot-free', (freed) => {
    slotsOfDeployments.add(freed).catch(() => {})
  })
  const claims = createBatcher<ClaimRequest, readonly ClaimedRun[]>({
    ...limits,
    name: 'claim flow runs',
    maxBatch: CLAIMED_ROWS,
    weightOf: (request) => request.limit,
    tenantOf: (request) => `${request.workspaceId} ${request.workPoolId}`,
    keyOf: null,
    run: (requests) => claimFlowRuns(deps, requests),
    onBatch: observe('claim_flow_runs'),
  })
  const beats = createBatcher<Beat, BeatAnswer>({
    ...limits,
    name: 'beats of claims',
    maxBatch: INTAKE_ROWS,
    keyOf: (beat) => `${beat.workspaceId} ${beat.runId} ${beat.token}`,
    run: (items) => recordBeats(deps.sql, items, deps.nowMicros()),
    onBatch: observe('beats'),
  })
  const heartbeats = createBatcher<readonly Heartbeat[], true>({
    ...limits,
    name: 'heartbeats of flow runs',
    maxBatch: INTAKE_ROWS,
    weightOf: (items) => items.length,
    tenantOf: (items) => items[0]?.workspaceId ?? '',
    keyOf: null,
    run: async (lists) => {
      const beats = lists.flat()
      await recordHeartbeats(deps.sql, beats, deps.nowMicros())
      for (const beat of beats) deps.known.forget(beat)
      return lists.map(() => true)
    },
    onBatch: observe('heartbeats'),
  })
  const waits = new OpenWaits()
  const slotOrders = createBatcher<SlotOrder, SlotAnswer>({
    ...limits,
    name: 'settle slots',
    keyOf: null,
    // Whoever wants slots of one limit shares a batch, and its lock.
    onePerTenant: true,
    run: (orders) => settleSlots(deps, orders, waits),
    onBatch: observe('slots'),
  })
  const slots = createSlots({
    orders: slotOrders,
    waits,
    signals: deps.signals,
    nowMicros: deps.nowMicros,
    renew: async (places) => await renewWaiters(deps.sql, places, deps.nowMicros()),
  })
  const occupancies = createBatcher<HeldSlots, true>({
    ...limits,
    name: 'record occupancy of slots',
    maxInFlight: 1,
    keyOf: null,
    run: async (held) => {
      await recordOccupancy(deps.sql, held)
      return held.map(() => true)
    },
    onBatch: observe('slot_occupancy'),
  })
  // A fact that only tells how long to wait: one that is lost is lost.
  deps.signals.on('slots-held', (held) => {
    occupancies.add(held).catch(() => {})
  })
  const turnsOfTaskRuns = new Turns()
  const events = createBatcher<EventChunk, true>({
    ...limits,
    name: 'store events',
    maxBatch: INTAKE_ROWS,
    maxWaiting: 100_000,
    weightOf: (chunk) => chunk.events.length,
    keyOf: null,
    worthCompany: 64,
    run: (chunks) => storeEvents(deps, chunks, turnsOfTaskRuns),
    onBatch: observe('events'),
  })
  const logs = createBatcher<LogChunk, true>({
    ...limits,
    name: 'store logs',
    maxBatch: INTAKE_ROWS,
    maxWaiting: 200_000,
    weightOf: (chunk) => chunk.logs.length,
    keyOf: null,
    run: (chunks) => storeLogs(deps, chunks),
    onBatch: observe('logs'),
  })

  return {
    createFlowRun: (run) => flowRunCreations.add(run),
    setFlowRunState: (proposal) => flowRunTransitions.add(proposal),
    createTaskRun: (run) => taskRunCreations.add(run),
    setTaskRunState: async (proposal, gone) => {
      const result = await taskRunTransitions.add(proposal)
      if (!result.tagWait?.standing.isPassedOver) return result
      const desks = { transitions: taskRunTransitions, orders: slotOrders }
      return await slots.keepInLine(startInLine(proposal, result, gone?.(), desks))
    },
    claimFlowRuns: (request) => claims.add(request),
    beat: (beat) => beats.add(beat),
    receiveEvents: async (workspaceId, received) => {
      const alive = heartbeatsOf(workspaceId, received)
      await Promise.all([
        addAll(
          received,
          (chunk) => events.add({ workspaceId, events: chunk }),
          (error) => options.onRefused?.('events', error),
        ),
        alive.length > 0 ? heartbeats.add(alive) : null,
      ])
    },
    writeLogs: (workspaceId, lines) =>
      addAll(
        lines,
        (chunk) => logs.add({ workspaceId, logs: chunk }),
        (error) => options.onRefused?.('logs', error),
      ),
    announce: (workspaceId, changes) => {
      for (const { kind, id } of changes)
        if (kind === 'flow-run' || kind === 'deleted') deps.known.forget({ workspaceId, runId: id })
      options.publish(workspaceId, changes)
    },
    announceNew: (workspaceId, items, changeOf) => publishIfWatched(deps, workspaceId, items, changeOf),
    slots,
    signals: deps.signals,
    expireWatch: () => deps.watch.expire(),
    drain: async () => {
      // First: it proposes to one of the others.
      await slotsOfDeployments.drain()
      await Promise.all(
        [
          flowRunCreations,
          flowRunTransitions,
          claims,
          beats,
          heartbeats,
          slotOrders,
          taskRunCreations,
          taskRunTransitions,
          events,
          logs,
        ].map((batcher) => batcher.drain()),
      )
      await occupancies.drain()
    },
  }
}
