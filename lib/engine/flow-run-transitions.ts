import type { Queryable, Sql, Transaction } from '../db/clients.ts'
import { isStale } from '../db/refusals.ts'
import { inTransaction, type TransactionOptions, type Write } from '../db/transaction.ts'
import type { Change } from '../domain/change.ts'
import type { StateProposal, TransitionResult } from './engine.ts'
import type { EventWatch } from './event-watch.ts'
import { type Asked, FlowRunLedger } from './flow-run-ledger.ts'
import { type FlowRunMoves, judgeFlowRuns } from './flow-run-moves.ts'
import { upsertFollowUps } from './follow-ups.ts'
import { byRun } from './key-order.ts'
import type { KnownFlows } from './known-flows.ts'
import type { KnownRuns } from './known-runs.ts'
import { mirrorToParentTasks } from './mirror.ts'
import { publishAll, publishEvents } from './publish.ts'
import { resetFailedTasks } from './reset-failed-tasks.ts'
import { runContext, storedFlowRunColumns } from './run-context.ts'
import type { Signal, Signals } from './signals.ts'
import type { StoredFlowRun } from './stored.ts'
import {
  type EventRow,
  type FlowRunUpdate,
  writeFlowRunTransitions,
  writeKnownFlowRunTransitions,
} from './write-set.ts'

export interface TransitionDeps {
  readonly sql: Sql
  readonly nowMicros: () => number
  readonly dice: () => number
  readonly publish: (workspaceId: string, changes: readonly Change[]) => void
  readonly watches: (workspaceId: string) => boolean
  readonly skip: (workspaceId: string, count: number) => void
  readonly publishEvents: (workspaceId: string, events: readonly EventRow[]) => void
  readonly signals: Signals
  /** What of it automations want to see. */
  readonly watch: EventWatch
  /** What this process knows of runs without looking. */
  readonly known: KnownRuns
  readonly knownFlows: KnownFlows
}

/** What a transaction does last, and what is to be told of it after its COMMIT. */
export class Outcome {
  readonly write: Write
  readonly published: [string, Change][] = []
  readonly events: EventRow[] = []
  /** What their last statements answer, they know once everything is committed. */
  readonly ledgers: { readonly signals: readonly Signal[] }[] = []
  /** Flow runs as they were written. */
  readonly written: FlowRunUpdate[] = []
  /** The version of their rows from the COMMIT on. null: there are none. */
  version: string | null = null

  constructor(write: Write) {
    this.write = write
  }
}

/** Runs `work` in a transaction, and tells the world what it did once that is committed. */
export async function commitAndTell<Result>(
  deps: TransitionDeps,
  work: (sql: Transaction, outcome: Outcome) => Promise<Result>,
  options?: TransactionOptions,
): Promise<Result> {
  await deps.watch.ready()
  // Made within: a transaction that is tried again begins with an empty one.
  const [result, outcome] = await inTransaction(
    deps.sql,
    async (sql, write) => {
      const made = new Outcome(write)
      return [await work(sql, made), made] as const
    },
    options,
  )
  tell(deps, outcome)
  return result
}

function tell(deps: TransitionDeps, { published, events, ledgers, written, version }: Outcome): void {
  publishAll(deps, published)
  publishEvents(deps, events)
  deps.signals.emit(ledgers.flatMap((ledger) => ledger.signals))
  if (version !== null) for (const update of written) deps.known.keepMoved(update, version)
}

/**
 * Moves a batch of flow runs, each at most once, in one transaction: lock in key order, decide in memory, write, commit.
 * The proposals' runs are distinct (the batcher sees to it).
 *
 * Runs that this process knows are moved by one statement alone, on the condition that they still are as they were known. Where one is
 * not, nothing is written, and the batch looks first after all.
 */
export async function transitFlowRuns(
  deps: TransitionDeps,
  proposals: readonly StateProposal[],
): Promise<readonly (TransitionResult | Error)[]> {
  const known = deps.known.take(proposals)
  return (
    (known && (await moveKnownFlowRuns(deps, proposals, known))) ??
    commitAndTell(deps, async (sql, outcome) =>
      moveLockedFlowRuns(deps, sql, proposals, await lockFlowRuns(sql, proposals), outcome),
    )
  )
}

/** null: nothing was written, since something has to be looked at before. */
async function moveKnownFlowRuns(
  deps: TransitionDeps,
  proposals: readonly StateProposal[],
  runs: ReadonlyMap<string, StoredFlowRun>,
): Promise<readonly (TransitionResult | Error)[] | null> {
  const ledger = FlowRunLedger.unread(askedOf(proposals, runs), deps.nowMicros())
  if (ledger === null) return null
  await deps.watch.ready()
  const moves = judgeFlowRuns(deps, proposals, runs, ledger)
  // An answer that writes nothing would be one for which nobody has looked.
  if (moves.updates.length < proposals.length || !isPlain(moves)) return null
  const outcome = new Outcome(() => {})
  try {
    await send(deps, deps.sql, moves, writeKnownFlowRunTransitions, outcome)
  } catch (error) {
    // So version_if_whole() of the database says it.
    if (!isStale(error)) throw error
    deps.known.doubt()
    return null
  }
  tell(deps, outcome)
  return moves.answers
}

/** Whether nothing but the runs and their history is to be written. */
const isPlain = ({ mirrors, resets, followUps, ledger }: FlowRunMoves): boolean =>
  mirrors.length === 0 && resets.length === 0 && followUps.length === 0 && ledger.isUntouched

/** Moves runs that the transaction has locked and read: `runs`, by workspace and id. */
export async function moveLockedFlowRuns(
  deps: TransitionDeps,
  sql: Transaction,
  proposals: readonly StateProposal[],
  runs: ReadonlyMap<string, StoredFlowRun>,
  outcome: Outcome,
): Promise<readonly (TransitionResult | Error)[]> {
  const ledger = await FlowRunLedger.open(sql, askedOf(proposals, runs), deps.nowMicros())
  const moves = judgeFlowRuns(deps, proposals, runs, ledger)
  const { updates, mirrors, resets, followUps, deltas } = moves
  if (updates.length > 0) {
    const changes: [string, Change][] = []
    const mirrored = mirrors.length > 0 ? await mirrorToParentTasks(deps, sql, mirrors, deltas, changes) : []
    const reset = resets.length > 0 ? await resetFailedTasks(deps, sql, resets, deltas, changes) : []
    outcome.write(
      () => send(deps, sql, moves, writeFlowRunTransitions, outcome),
      followUps.length > 0 ? upsertFollowUps(sql, followUps) : null,
      ...ledger.statements(sql),
      ...mirrored,
      ...reset,
    )
    outcome.published.push(...changes)
  }
  outcome.ledgers.push(ledger)
  return moves.answers
}

/** Sends what the moves write of the runs themselves, and keeps in `outcome` what is to be told of it. */
function send(
  deps: TransitionDeps,
  sql: Queryable,
  { updates, deltas, lateStarts, events, published, isReplay }: FlowRunMoves,
  writing: typeof writeFlowRunTransitions,
  outcome: Outcome,
): Promise<void> {
  outcome.written.push(...updates)
  outcome.events.push(...events)
  outcome.published.push(...published)
  return writing(sql, updates, deltas, lateStarts, isReplay, deps.watch.wantedOf(events)).then(([row]) => {
    outcome.version = row?.version ?? null
  })
}

const askedOf = (proposals: readonly StateProposal[], runs: ReadonlyMap<string, StoredFlowRun>): Asked[] =>
  proposals.flatMap((proposal) => {
    const run = runs.get(`${proposal.workspaceId} ${proposal.runId}`)
    return run ? [{ proposal, run }] : []
  })

/** Keyed by workspace and id: the same id asked for by two tenants in one batch is two different questions. */
export const byTenantKey = <Row extends { readonly workspaceId: string; readonly id: string }>(
  rows: readonly Row[],
): Map<string, Row> => new Map(rows.map((row) => [`${row.workspaceId} ${row.id}`, row]))

async function lockFlowRuns(
  sql: Transaction,
  proposals: readonly StateProposal[],
): Promise<Map<string, StoredFlowRun>> {
  const sorted = byRun(proposals)
  const rows = await sql<StoredFlowRun[]>`
    select ${storedFlowRunColumns(sql)}
    from unnest(${sorted.map((p) => p.workspaceId)}::uuid[], ${sorted.map((p) => p.runId)}::uuid[]) k (workspace_id, id)
    join flow_runs r on r.workspace_id = k.workspace_id and r.id = k.id
    ${runContext(sql)}
    order by r.workspace_id, r.id
    for update of r`
  return byTenantKey(rows)
}
