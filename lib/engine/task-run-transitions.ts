import type { Transaction } from '../db/clients.ts'
import { inTransaction } from '../db/transaction.ts'
import { uuidv7 } from '../db/uuid.ts'
import type { Change, TaskRunChange } from '../domain/change.ts'
import {
  type ClientView,
  type Decision,
  decide,
  type Facts,
  type Policy,
  type ProposedState,
  type RunPatch,
  type StoredState,
  type TaskRunView,
} from '../domain/orchestration/decide.ts'
import { backgroundTaskPolicy, taskPolicies } from '../domain/orchestration/policies.ts'
import { NotFound } from '../domain/problem.ts'
import type { RawJson, StateType } from '../domain/state.ts'
import { formatInstant } from '../domain/time.ts'
import { type EnqueuedTask, enqueuedSignals, enqueuedTask, enqueueTasks } from './background-tasks.ts'
import type { TaskStateProposal, TransitionResult } from './engine.ts'
import { serverTaskRunEvent } from './flow-run-event.ts'
import { byTenantKey, type TransitionDeps } from './flow-run-transitions.ts'
import { byRun } from './key-order.ts'
import { publishAll, publishEvents } from './publish.ts'
import { RollupDeltas } from './rollup.ts'
import {
  countedAfter,
  countedBefore,
  type StoredTaskRun,
  stateColumns,
  stateRow,
  storedState,
  taskRunView,
  textOf,
  withId,
} from './stored.ts'
import { TaskRunLedger } from './task-run-ledger.ts'
import { resultOf } from './transition-result.ts'
import {
  type CacheRow,
  type EventRow,
  insertDeltas,
  insertEvents,
  insertTaskRunStates,
  type StateRow,
  type TaskRunUpdate,
  updateTaskRuns,
  upsertCache,
} from './write-set.ts'

const anyClient: ClientView = { apiVersion: null, clientVersion: null }

/** Facts for a policy that asks for none. */
export const noFacts = (nowMicros: number, dice: number, client = anyClient): Facts => ({
  nowMicros,
  client,
  dice,
  flowRun: null,
  cached: null,
  deploymentLimit: null,
  tagLimits: [],
  claim: null,
  workSlots: null,
  freshClaimToken: null,
})

interface FlowRunFact {
  readonly workspaceId: string
  readonly id: string
  readonly stateId: string | null
  readonly stateType: StateType | null
  readonly stateName: string | null
  readonly stateDetails: StoredState['details'] | null
  readonly runCount: number
}

/** Moves a batch of task runs that the server orchestrates (clients 2.x), each at most once, in one transaction. */
export async function transitTaskRuns(
  deps: TransitionDeps,
  proposals: readonly TaskStateProposal[],
): Promise<(TransitionResult | Error)[]> {
  const published: [string, Change][] = []
  const events: EventRow[] = []
  let enqueued: EnqueuedTask[] = []
  await deps.watch.ready()
  const { answers, ledger } = await inTransaction(deps.sql, async (sql, writeLast) => {
    const runs = await lockTaskRuns(sql, proposals)
    const asked = proposals.flatMap((proposal) => {
      const run = runs.get(`${proposal.workspaceId} ${proposal.runId}`)
      return run
        ? [{ run, policy: policyOf(proposal, run), to: proposal.state.type, wait: proposal.wait }]
        : []
    })
    const [flowRuns, cached, ledger] = await Promise.all([
      readFlowRuns(sql, runs),
      readCache(sql, proposals, deps.nowMicros()),
      TaskRunLedger.open(sql, asked, deps.nowMicros()),
    ])
    const updates: TaskRunUpdate[] = []
    const states: StateRow[] = []
    const cache: CacheRow[] = []
    enqueued = []
    const deltas = new RollupDeltas()

    const answers = proposals.map((proposal): TransitionResult | Error => {
      const run = runs.get(`${proposal.workspaceId} ${proposal.runId}`)
      if (!run) return new NotFound(`Task run with id ${proposal.runId}`)
      const current = storedState(run)
      const flowRun = run.flowRunId === null ? undefined : flowRuns.get(`${run.workspaceId} ${run.flowRunId}`)
      const facts: Facts = {
        ...noFacts(deps.nowMicros(), deps.dice(), proposal.client),
        flowRun: flowRun ? { state: stateOfFact(flowRun), runCount: flowRun.runCount } : null,
        cached: cached.get(cacheKeyOf(proposal) ?? '') ?? null,
        tagLimits: ledger.tagLimitsOf(run),
      }
      const decision = decide(policyOf(proposal, run), taskRunView(run), proposal.state, facts)
      const { write, patch } = decision
      if (!write) {
        const tagWait = ledger.refuse(run, facts.tagLimits, decision)
        const result = resultOf(decision, current)
        return tagWait ? { ...result, tagWait } : result
      }
      const stateId = uuidv7()
      const state = withId(stateId, write)
      updates.push({
        workspace_id: run.workspaceId,
        id: run.id,
        ...stateColumns(stateId, write, patch),
        flow_run_run_count: patch.flowRunRunCount,
      })
      states.push(stateRow(run.workspaceId, run.id, stateId, write))
      const key = {
        kind: 'task-run',
        workspaceId: run.workspaceId,
        flowId: null,
        deploymentId: null,
      } as const
      deltas.move(countedBefore(key, run), countedAfter(key, write, patch))
      ledger.apply(run, decision)
      for (const effect of decision.effects) {
        if (effect.type === 'emit-event')
          events.push(serverTaskRunEvent({ ...run, runCount: patch.runCount }, current, state))
        else if (effect.type === 'insert-cache') {
          cache.push({
            workspace_id: run.workspaceId,
            cache_key: effect.cacheKey,
            state: JSON.stringify({ ...write, data: write.data }),
            expires_at: textOf(effect.expiresMicros),
          })
        } else if (effect.type === 'enqueue-background-task') {
          enqueued.push(enqueuedTask(run, effect.queue, write))
        }
      }
      published.push([run.workspaceId, taskRunChange(run, stateId, write, patch)])
      return resultOf(decision, state)
    })

    if (updates.length > 0) {
      writeLast(
        updateTaskRuns(sql, updates),
        insertTaskRunStates(sql, states),
        events.length > 0 ? insertEvents(sql, events, deps.watch.wantedOf(events)) : null,
        cache.length > 0 ? upsertCache(sql, cache) : null,
        enqueued.length > 0 ? enqueueTasks(sql, enqueued) : null,
        ...ledger.statements(sql),
        insertDeltas(sql, deltas),
      )
    } else writeLast(...ledger.statements(sql))
    return { answers, ledger }
  })
  publishAll(deps, published)
  publishEvents(deps, events)
  deps.signals.emit(enqueuedSignals(enqueued))
  deps.signals.emit(ledger.signals)
  return answers
}

export async function lockTaskRuns(
  sql: Transaction,
  keys: readonly { readonly workspaceId: string; readonly runId: string }[],
): Promise<Map<string, StoredTaskRun>> {
  const sorted = byRun(keys)
  const rows = await sql<StoredTaskRun[]>`
    select t.workspace_id, t.id, t.name, t.tags, t.flow_run_id, t.flow_run_run_count, t.task_key, t.empirical_policy,
           t.state_id, t.state_type, t.state_name, t.state_at, t.state_message, t.state_details, t.state_data,
           t.run_count, t.start_at, t.end_at, t.expected_start_at, t.next_scheduled_start_at, t.total_run_time_seconds
    from unnest(${sorted.map((k) => k.workspaceId)}::uuid[], ${sorted.map((k) => k.runId)}::uuid[]) k (workspace_id, id)
    join task_runs t on t.workspace_id = k.workspace_id and t.id = k.id
    order by t.workspace_id, t.id
    for update of t`
  return byTenantKey(rows)
}

async function readFlowRuns(
  sql: Transaction,
  runs: ReadonlyMap<string, StoredTaskRun>,
): Promise<Map<string, FlowRunFact>> {
  const wanted = new Map<string, readonly [string, string]>()
  for (const run of runs.values()) {
    if (run.flowRunId !== null)
      wanted.set(`${run.workspaceId} ${run.flowRunId}`, [run.workspaceId, run.flowRunId])
  }
  if (wanted.size === 0) return new Map()
  const keys = [...wanted.values()]
  const rows = await sql<FlowRunFact[]>`
    select r.workspace_id, r.id, r.state_id, r.state_type, r.state_name, r.state_details, r.run_count
    from unnest(${keys.map(([workspaceId]) => workspaceId)}::uuid[], ${keys.map(([, id]) => id)}::uuid[]) k (workspace_id, id)
    join flow_runs r on r.workspace_id = k.workspace_id and r.id = k.id`
  return byTenantKey(rows)
}

const stateOfFact = (run: FlowRunFact): StoredState | null =>
  run.stateId === null || run.stateType === null
    ? null
    : {
        id: run.stateId,
        type: run.stateType,
        name: run.stateName ?? '',
        message: '',
        details: run.stateDetails ?? {},
        data: null,
        atMicros: 0,
      }

/** Whatever a proposal names, a deferred task run is handed out to task workers; only what cancels it is stronger. */
const policyOf = (proposal: TaskStateProposal, run: StoredTaskRun): Policy<TaskRunView> =>
  (proposal.state.details.deferred === true || run.stateDetails?.deferred === true) &&
  proposal.policy !== 'cascade'
    ? backgroundTaskPolicy
    : taskPolicies[proposal.policy]

/** Only a start may be answered from the cache. */
const cacheKeyOf = (proposal: TaskStateProposal): string | null => {
  const key = proposal.state.type === 'RUNNING' ? proposal.state.details.cache_key : null
  return typeof key === 'string' && key !== '' && key.length <= 2_000
    ? `${proposal.workspaceId} ${key}`
    : null
}

interface CachedRow {
  readonly workspaceId: string
  readonly cacheKey: string
  readonly state: RawJson
}

async function readCache(
  sql: Transaction,
  proposals: readonly TaskStateProposal[],
  nowMicros: number,
): Promise<Map<string, ProposedState>> {
  const keys = proposals.flatMap((p) => {
    const key = cacheKeyOf(p)
    return key ? [{ workspaceId: p.workspaceId, key: key.slice(p.workspaceId.length + 1) }] : []
  })
  if (keys.length === 0) return new Map()
  const rows = await sql<CachedRow[]>`
    select c.workspace_id, c.cache_key, c.state
    from unnest(${keys.map((k) => k.workspaceId)}::uuid[], ${keys.map((k) => k.key)}::text[]) k (workspace_id, cache_key)
    join task_run_cache c on c.workspace_id = k.workspace_id and c.cache_key = k.cache_key
    where c.expires_at is null or c.expires_at > ${formatInstant(nowMicros)}`
  // Safe: the column holds what `insert-cache` wrote, whose `data` is the raw text.
  return new Map(
    rows.map((row) => [`${row.workspaceId} ${row.cacheKey}`, JSON.parse(row.state) as ProposedState]),
  )
}

export const taskRunChange = (
  run: StoredTaskRun,
  stateId: string,
  write: NonNullable<Decision['write']>,
  patch: RunPatch,
): TaskRunChange => ({
  kind: 'task-run',
  id: run.id,
  flowRunId: run.flowRunId,
  name: run.name,
  taskKey: run.taskKey,
  stateId,
  stateType: write.type,
  stateName: write.name,
  stateAt: formatInstant(write.atMicros),
  stateMessage: write.message.slice(0, 2_000),
  expectedStartAt: textOf(patch.expectedStartMicros),
  startAt: textOf(patch.startMicros),
  endAt: textOf(patch.endMicros),
  totalRunTimeSeconds: patch.totalRunTimeSeconds,
  runCount: patch.runCount,
  tags: run.tags,
  taskInputs: {},
})
