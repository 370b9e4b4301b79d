import { randomUUID } from 'node:crypto'
import type { Queryable, Sql, Transaction } from '../db/clients.ts'
import { inTransaction, type TransactionOptions, type Write } from '../db/transaction.ts'
import { uuidv7 } from '../db/uuid.ts'
import type { Change } from '../domain/change.ts'
import { decide, type Facts } from '../domain/orchestration/decide.ts'
import { flowPolicies } from '../domain/orchestration/policies.ts'
import { NotFound } from '../domain/problem.ts'
import { formatInstant } from '../domain/time.ts'
import type { StateProposal, TransitionResult } from './engine.ts'
import type { EventWatch } from './event-watch.ts'
import { flowRunChange } from './flow-run-change.ts'
import { type FlowRunEvent, flowRunEvent } from './flow-run-event.ts'
import { FlowRunLedger } from './flow-run-ledger.ts'
import { type FollowUp, upsertFollowUps } from './follow-ups.ts'
import { type Mirror, mirrorToParentTasks } from './mirror.ts'
import { type Reset, resetFailedTasks } from './reset-failed-tasks.ts'
import { RollupDeltas } from './rollup.ts'
import type { Signal, Signals } from './signals.ts'
import {
  countedAfter,
  countedBefore,
  flowRunView,
  type StoredFlowRun,
  startsLate,
  stateColumns,
  storedState,
  withId,
} from './stored.ts'
import {
  compareKeys,
  type EventRow,
  type FlowRunUpdate,
  happenedColumns,
  type LateStart,
  writeFlowRunTransitions,
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
  publishAll(deps, outcome.published)
  publishEvents(deps, outcome.events)
  deps.signals.emit(outcome.ledgers.flatMap((ledger) => ledger.signals))
  return result
}

/**
 * Moves a batch of flow runs, each at most once, in one transaction: lock in key order, decide in memory, write, commit.
 * The proposals' runs are distinct (the batcher sees to it).
 */
export const transitFlowRuns = (
  deps: TransitionDeps,
  proposals: readonly StateProposal[],
): Promise<(TransitionResult | Error)[]> =>
  commitAndTell(deps, (sql, outcome) => moveFlowRuns(deps, sql, proposals, outcome))

/** The same within a transaction. */
async function moveFlowRuns(
  deps: TransitionDeps,
  sql: Transaction,
  proposals: readonly StateProposal[],
  outcome: Outcome,
): Promise<(TransitionResult | Error)[]> {
  return moveLockedFlowRuns(deps, sql, proposals, await lockFlowRuns(sql, proposals), outcome)
}

/** The same of runs that the transaction has locked and read: `runs`, by workspace and id. */
export async function moveLockedFlowRuns(
  deps: TransitionDeps,
  sql: Transaction,
  proposals: readonly StateProposal[],
  runs: ReadonlyMap<string, StoredFlowRun>,
  outcome: Outcome,
): Promise<(TransitionResult | Error)[]> {
  const asked = proposals.flatMap((proposal) => {
    const run = runs.get(`${proposal.workspaceId} ${proposal.runId}`)
    return run ? [{ proposal, run }] : []
  })
  const ledger = await FlowRunLedger.open(sql, asked, deps.nowMicros())
  const { published } = outcome
  const events: EventRow[] = []
  const updates: FlowRunUpdate[] = []
  const mirrors: Mirror[] = []
  const deltas = new RollupDeltas()
  const lateStarts: LateStart[] = []
  const followUps: FollowUp[] = []
  const resets: Reset[] = []

  const answers = proposals.map((proposal): TransitionResult | Error => {
    const run = runs.get(`${proposal.workspaceId} ${proposal.runId}`)
    if (!run) return new NotFound(`Flow run with id ${proposal.runId}`)
    const current = storedState(run)
    const { reported } = proposal
    // After a break an agent sends again what was not acknowledged, though it may have been committed.
    if (reported && current && (current.id === reported.stateId || current.atMicros >= reported.atMicros)) {
      return { verdict: 'ACCEPT', reason: '', delaySeconds: 0, state: current, written: false }
    }
    const { deploymentLimit, workSlots, claim } = ledger.factsOf({ proposal, run })
    const facts: Facts = {
      nowMicros: reported?.atMicros ?? deps.nowMicros(),
      client: proposal.client,
      dice: deps.dice(),
      flowRun: null,
      cached: null,
      tagLimits: [],
      deploymentLimit,
      workSlots,
      claim,
      freshClaimToken: randomUUID(),
    }
    const decision = decide(flowPolicies[proposal.policy], flowRunView(run), proposal.state, facts)
    const { write, patch } = decision
    if (!write) {
      return {
        verdict: decision.verdict,
        reason: decision.reason,
        delaySeconds: decision.delaySeconds,
        state: current,
        written: false,
      }
    }
    const stateId = reported?.stateId ?? uuidv7()
    const state = withId(stateId, write)
    if (startsLate(run.startAt, patch)) {
      lateStarts.push({
        workspaceId: run.workspaceId,
        flowId: run.flowId,
        startAt: formatInstant(patch.startMicros ?? write.atMicros),
        runId: run.id,
      })
    }
    const key = {
      kind: 'flow-run',
      workspaceId: run.workspaceId,
      flowId: run.flowId,
      deploymentId: run.deploymentId,
    } as const
    deltas.move(countedBefore(key, run), countedAfter(key, write, patch))
    ledger.apply({ proposal, run }, decision)
    let event: FlowRunEvent | null = null
    for (const effect of decision.effects) {
      if (effect.type === 'emit-event') {
        event = flowRunEvent(run, patch.runCount, current, state)
        events.push(event)
      } else if (effect.type === 'mirror-to-parent-task') {
        mirrors.push({
          workspaceId: run.workspaceId,
          taskRunId: effect.taskRunId,
          childFlowRunId: run.id,
          state: write,
        })
      } else if (effect.type === 'reset-failed-tasks') {
        const { workspaceId, id: flowRunId } = run
        resets.push({
          workspaceId,
          flowRunId,
          scheduledMicros: effect.scheduledMicros,
          atMicros: write.atMicros,
        })
      } else if (effect.type === 'follow-up') {
        followUps.push({ workspaceId: run.workspaceId, runId: run.id, ...effect })
      }
    }
    const columns = stateColumns(stateId, write, patch)
    updates.push({
      run: {
        workspace_id: run.workspaceId,
        id: run.id,
        claim_token: patch.claimToken,
        empirical_policy: patch.policy === run.empiricalPolicy ? null : patch.policy,
      },
      state: columns,
      happened: happenedColumns(event),
    })
    published.push([run.workspaceId, flowRunChange(run, columns)])
    return { verdict: decision.verdict, reason: decision.reason, delaySeconds: 0, state, written: true }
  })

  if (updates.length > 0) {
    const isReplay = proposals.some((proposal) => proposal.reported !== undefined)
    const mirrored =
      mirrors.length > 0 ? await mirrorToParentTasks(deps, sql, mirrors, deltas, published) : []
    const reset = resets.length > 0 ? await resetFailedTasks(deps, sql, resets, deltas, published) : []
    outcome.write(
      writeFlowRunTransitions(sql, updates, deltas, lateStarts, isReplay, deps.watch.wantedOf(events)),
      followUps.length > 0 ? upsertFollowUps(sql, followUps) : null,
      ...ledger.statements(sql),
      ...mirrored,
      ...reset,
    )
  }
  outcome.written.push(...updates)
  outcome.events.push(...events)
  outcome.ledgers.push(ledger)
  return answers
}

/** Hands changes to the live feed, a list a workspace, in their order. */
export function publishAll(
  deps: Pick<TransitionDeps, 'publish'>,
  published: readonly [string, Change][],
): void {
  const byWorkspace = new Map<string, Change[]>()
  for (const [workspaceId, change] of published) {
    const changes = byWorkspace.get(workspaceId)
    if (changes) changes.push(change)
    else byWorkspace.set(workspaceId, [change])
  }
  for (const [workspaceId, changes] of byWorkspace) deps.publish(workspaceId, changes)
}

/** Hands stored events to their subscribers, a list a workspace. */
export function publishEvents(
  deps: Pick<TransitionDeps, 'publishEvents'>,
  events: readonly EventRow[],
): void {
  if (events.length === 0) return
  const byWorkspace = new Map<string, EventRow[]>()
  for (const event of events) {
    const list = byWorkspace.get(event.workspace_id)
    if (list) list.push(event)
    else byWorkspace.set(event.workspace_id, [event])
  }
  for (const [workspaceId, list] of byWorkspace) deps.publishEvents(workspaceId, list)
}

/** Keyed by workspace and id: the same id asked for by two tenants in one batch is two different questions. */
export const byTenantKey = <Row extends { readonly workspaceId: string; readonly id: string }>(
  rows: readonly Row[],
): Map<string, Row> => new Map(rows.map((row) => [`${row.workspaceId} ${row.id}`, row]))

/** What a transition may need to know of a run `r`: columns of StoredFlowRun, found by `runContext`. */
export const storedFlowRunColumns = (sql: Queryable) => sql`
  r.workspace_id, r.id, r.name, r.tags, r.flow_id, f.name as flow_name, f.tags as flow_tags, r.parent_task_run_id,
  r.infrastructure_pid, r.empirical_policy, r.created_by, r.claim_token,
  r.deployment_id, d.name as deployment_name, d.tags as deployment_tags, d.entrypoint as deployment_entrypoint,
  d.concurrency_limit_id as deployment_limit_id, d.concurrency_options,
  p.concurrency_limit as pool_limit, p.is_paused as pool_paused, q.concurrency_limit as queue_limit, q.is_paused as queue_paused,
  r.work_queue_id, coalesce(q.name, r.work_queue_name) as work_queue_name,
  p.id as work_pool_id, coalesce(p.name, r.work_pool_name) as work_pool_name, p.type as work_pool_type,
  case when c.token = coalesce(r.claim_token, r.id) then to_jsonb(c) end as claim,
  r.state_id, r.state_type, r.state_name, r.state_at, r.state_message, r.state_details, r.state_data,
  r.run_count, r.start_at, r.end_at, r.expected_start_at, r.next_scheduled_start_at, r.total_run_time_seconds`

/** What a run `r` belongs to. It is found by primary keys, and costs a run that has none nothing. */
export const runContext = (sql: Queryable) => sql`
  join flows f on f.workspace_id = r.workspace_id and f.id = r.flow_id
  left join deployments d on d.workspace_id = r.workspace_id and d.id = r.deployment_id
  left join work_queues q on q.workspace_id = r.workspace_id and q.id = r.work_queue_id
  left join work_pools p on p.workspace_id = q.workspace_id and p.id = q.work_pool_id
  left join run_claims c on c.workspace_id = r.workspace_id and c.run_id = r.id`

async function lockFlowRuns(
  sql: Transaction,
  proposals: readonly StateProposal[],
): Promise<Map<string, StoredFlowRun>> {
  const sorted = [...proposals].sort((a, b) => compareKeys(a.workspaceId, a.runId, b.workspaceId, b.runId))
  const rows = await sql<StoredFlowRun[]>`
    select ${storedFlowRunColumns(sql)}
    from unnest(${sorted.map((p) => p.workspaceId)}::uuid[], ${sorted.map((p) => p.runId)}::uuid[]) k (workspace_id, id)
    join flow_runs r on r.workspace_id = k.workspace_id and r.id = k.id
    ${runContext(sql)}
    order by r.workspace_id, r.id
    for update of r`
  return byTenantKey(rows)
}
