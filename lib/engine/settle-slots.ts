import type { Transaction } from '../db/clients.ts'
import { inTransaction, type Write } from '../db/transaction.ts'
import type { TransitionDeps } from './flow-run-transitions.ts'
import type { OpenWaits } from './open-waits.ts'
import { readSlotFacts } from './slot-facts.ts'
import type { SlotAnswer, SlotOrder } from './slot-orders.ts'
import { Settlement, type SlotOutcome } from './slot-settlement.ts'
import { movedSignals } from './slot-signals.ts'
import {
  callWaiters,
  deleteLeases,
  deleteWaiters,
  extendLeases,
  insertLeases,
  resizeLeases,
  saveWaiters,
  updateLimits,
} from './slot-writes.ts'

/**
 * Settles a batch of orders in one transaction: locks the limits that they name, decides in memory in the order in which they came,
 * writes leases. Orders on one limit share the lock, so that a limit that many want costs little more than one that few do. What comes
 * free goes on to the next in line in the same transaction, where they wait on this replica; others are told.
 */
export async function settleSlots(
  deps: Pick<TransitionDeps, 'sql' | 'nowMicros' | 'dice' | 'signals'>,
  orders: readonly SlotOrder[],
  waits: Pick<OpenWaits, 'call' | 'answer'>,
): Promise<(SlotAnswer | Error)[]> {
  const called = new Map<string, SlotAnswer | null>()
  try {
    const { answers, served, signals } = await settle(deps, orders, (id) => {
      const order = waits.call(id)
      if (order) called.set(id, null)
      return order
    })
    for (const [id, answer] of served) called.set(id, answer)
    // After the answers: who was refused before others gave back in this very batch stands in line by then.
    if (signals.length > 0) setImmediate(() => deps.signals.emit(signals))
    return answers
  } finally {
    for (const [id, answer] of called) waits.answer(id, answer)
  }
}

async function settle(
  deps: Pick<TransitionDeps, 'sql' | 'nowMicros' | 'dice'>,
  orders: readonly SlotOrder[],
  call: OpenWaits['call'],
) {
  const nowMicros = deps.nowMicros()
  const { answers, served, signals, alive } = await inTransaction(deps.sql, async (sql, write) => {
    const settlement = new Settlement(await readSlotFacts(sql, orders, nowMicros), nowMicros, deps.dice)
    const answers = orders.map((order) => settlement.settle(order))
    const served = settlement.serveNext(call)
    const outcome = settlement.outcome()
    const freed = settlement.signals()
    const { ended, resized, taken, joined, left } = outcome
    return {
      answers,
      served,
      signals: [...freed, ...movedSignals(ended, resized, taken, joined, left, settlement.freed())],
      alive: writeOutcome(sql, write, outcome, nowMicros),
    }
  })
  return {
    answers: answers.map((answer, i): SlotAnswer | Error => {
      const order = orders[i]
      return order?.type === 'renew' && alive.has(`${order.workspaceId} ${order.leaseId}`)
        ? { type: 'renewed', alive: true }
        : answer
    }),
    served,
    signals,
  }
}

/** Answers which of the leases that are renewed live, by `workspace id`: that is known when everything is committed. */
function writeOutcome(
  sql: Transaction,
  write: Write,
  { ended, resized, taken, limits, renewals, joined, left, called }: SlotOutcome,
  nowMicros: number,
): ReadonlySet<string> {
  const alive = new Set<string>()
  // In this order: a lease that is ended and renewed in one batch is over.
  write(
    ended.length > 0 ? deleteLeases(sql, ended) : null,
    resized.length > 0 ? resizeLeases(sql, resized) : null,
    taken.length > 0 ? insertLeases(sql, taken) : null,
    limits.length > 0 ? updateLimits(sql, limits) : null,
    renewals.length > 0
      ? () =>
          extendLeases(sql, renewals, nowMicros).then((rows) => {
            for (const { workspaceId, id } of rows) alive.add(`${workspaceId} ${id}`)
          })
      : null,
    left.length > 0 ? deleteWaiters(sql, left) : null,
    joined.length > 0 ? saveWaiters(sql, joined) : null,
    called.length > 0 ? callWaiters(sql, called, nowMicros) : null,
  )
  return alive
}
