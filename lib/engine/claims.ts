import type { Transaction } from '../db/clients.ts'
import { deploymentVersionInfo, type FlowRunRow } from '../db/rows/flow-run.ts'
import type { ClientView } from '../domain/orchestration/decide.ts'
import { formatInstant } from '../domain/time.ts'
import type { Capability } from '../domain/work/language.ts'
import type { ClaimHolder } from './claim-writes.ts'
import type { StateProposal } from './engine.ts'
import {
  byTenantKey,
  commitAndTell,
  moveLockedFlowRuns,
  type Outcome,
  type TransitionDeps,
} from './flow-run-transitions.ts'
import { runContext, storedFlowRunColumns } from './run-context.ts'
import type { StoredFlowRun } from './stored.ts'
import { freeInPool, freeInQueue, lockLimitedPools, runsWithin } from './work-places.ts'
import { all, type FlowRunUpdate } from './write-set.ts'

/** Somebody who will execute runs of a pool, and how many of them. */
export interface ClaimRequest {
  readonly workspaceId: string
  readonly workPoolId: string
  /** null: any queue of the pool. */
  readonly workQueueIds: readonly string[] | null
  /** What the holder can run: nothing else is handed to it. */
  readonly runs: Capability
  readonly limit: number
  readonly holder: ClaimHolder
  /** How long each claim is good without a beat. */
  readonly seconds: number
  readonly client: ClientView
}

export interface ClaimedRun {
  readonly run: FlowRunRow
  readonly token: string
  readonly expiresMicros: number
}

/**
 * Hands due runs of pools to whoever asked, each to one of them, and moves them to Pending in the same transaction by the rules
 * that any claim stands under. Runs that somebody else is just taking are passed over: nobody waits for anybody.
 *
 * A claim is a lease, which its holder may lose at any time. So nobody waits until it is on disk, which took longer than all the rest:
 * where Postgres crashes right then the run is due again, and the holder is refused when it says that it begins.
 */
export const claimFlowRuns = (
  deps: TransitionDeps,
  requests: readonly ClaimRequest[],
): Promise<(readonly ClaimedRun[])[]> =>
  commitAndTell(
    deps,
    async (sql, outcome) => {
      const claims: Claim[] = []
      for (const searches of wavesOf(requests))
        claims.push(...(await claimInPools(deps, sql, outcome, searches)))
      const written = new Map(
        outcome.written.map((update) => [`${update.run.workspace_id} ${update.run.id}`, update]),
      )
      const claimed = new Map<ClaimRequest, ClaimedRun[]>()
      for (const { request, run, token, expiresMicros } of claims) {
        const update = written.get(`${run.workspaceId} ${run.id}`)
        const its = claimed.get(request) ?? []
        claimed.set(request, its)
        if (update) its.push({ run: rowAfter(run, update), token, expiresMicros })
      }
      return requests.map((request) => claimed.get(request) ?? [])
    },
    { mayBeLost: true },
  )

interface Claim {
  readonly request: ClaimRequest
  readonly run: DueRun
  readonly token: string
  readonly expiresMicros: number
}

/** What those want who ask for the same runs of the same queues: they share one search, and workers of a pool mostly do. */
interface Search {
  readonly workspaceId: string
  readonly workPoolId: string
  readonly workQueueIds: readonly string[] | null
  readonly runs: Capability
  /** An entry a run that is wanted: each claim is somebody's from the start. */
  open: ClaimRequest[]
  readonly tried: string[]
}

/** Searches that go on at once: each of another pool, since a transaction's own locks would not keep two of one pool apart. */
function wavesOf(requests: readonly ClaimRequest[]): Iterable<readonly Search[]> {
  const searches = new Map<string, Search>()
  for (const request of requests) {
    const { workspaceId, workPoolId, workQueueIds, runs } = request
    const key = `${workspaceId} ${workPoolId} ${runs} ${workQueueIds === null ? '*' : [...workQueueIds].sort().join(' ')}`
    const search = searches.get(key) ?? { workspaceId, workPoolId, workQueueIds, runs, open: [], tried: [] }
    searches.set(key, search)
    for (let n = 0; n < request.limit; n++) search.open.push(request)
  }
  const waves: Map<string, Search>[] = []
  for (const search of searches.values()) {
    const pool = `${search.workspaceId} ${search.workPoolId}`
    const wave = waves.find((each) => !each.has(pool))
    if (wave) wave.set(pool, search)
    else waves.push(new Map([[pool, search]]))
  }
  return waves.map((wave) => [...wave.values()])
}

/** A run may be refused by another limit, of its deployment for instance. Then others are tried, so often. */
const ROUNDS = 3

async function claimInPools(
  deps: TransitionDeps,
  sql: Transaction,
  outcome: Outcome,
  searches: readonly Search[],
): Promise<readonly Claim[]> {
  const claims: Claim[] = []
  let going = searches
  for (let round = 0; round < ROUNDS && going.length > 0; round++) {
    const now = formatInstant(deps.nowMicros())
    const finding = going.map((search) => findDue(sql, search, now))
    // All of it is sent at once. The locks come first: what is free is counted by a statement that begins when they are had.
    await all([round === 0 ? lockLimitedPools(sql, searches) : null, ...finding])
    const found = await Promise.all(finding)
    const asks = going.flatMap((search, i) =>
      (found[i] ?? []).map((run, n) => ({ run, request: search.open[n] as ClaimRequest })),
    )
    if (asks.length === 0) break
    const answers = await moveLockedFlowRuns(
      deps,
      sql,
      asks.map(({ run, request }) => claimOf(request, run.id)),
      byTenantKey(asks.map(({ run }) => run)),
      outcome,
    )
    const refused = new Set<DueRun>()
    for (const [i, { run, request }] of asks.entries()) {
      const answer = answers[i]
      const state = answer instanceof Error || answer?.verdict !== 'ACCEPT' ? null : answer.state
      if (!state?.details.claim_token) refused.add(run)
      else {
        const expiresMicros = state.atMicros + request.seconds * 1e6
        claims.push({ request, run, token: state.details.claim_token, expiresMicros })
      }
    }
    going = going.filter((search, i) => {
      const its = found[i] ?? []
      const wanted = search.open.length
      search.tried.push(...its.map((run) => run.id))
      search.open = search.open.filter((_, n) => refused.has(its[n] as DueRun))
      // Less than was wanted is all there is.
      return its.length === wanted && search.open.length > 0
    })
  }
  return claims
}

const claimOf = (request: ClaimRequest, runId: string): StateProposal => ({
  workspaceId: request.workspaceId,
  runId,
  state: { type: 'PENDING', name: 'Pending', message: '', details: {}, data: null },
  policy: 'core',
  client: request.client,
  claimedBy: { holder: request.holder, seconds: request.seconds },
})

type DueRun = StoredFlowRun & FlowRunRow

/**
 * Locks runs that wait in the queues of a search, the most urgent queue first, and no more than there is room for: a queue is
 * looked into when those before it are exhausted, since the rows are taken one by one until there are enough.
 */
const findDue = (
  sql: Transaction,
  { workspaceId, workPoolId, workQueueIds, runs, open, tried }: Search,
  now: string,
) =>
  sql<DueRun[]>`
    with pool as materialized (
      select ${freeInPool(sql)} as free
      from work_pools p where p.workspace_id = ${workspaceId} and p.id = ${workPoolId} and not p.is_paused
    ), queues as materialized (
      select q.id, ${freeInQueue(sql)} as free
      from pool join work_queues q on q.workspace_id = ${workspaceId} and q.work_pool_id = ${workPoolId}
      where not q.is_paused ${workQueueIds === null ? sql`` : sql`and q.id = any(${[...workQueueIds]}::uuid[])`}
      order by q.priority, q.name
    )
    select ${storedFlowRunColumns(sql)}, r.flow_version, r.deployment_version, r.deployment_version_id,
      ${deploymentVersionInfo(sql)} as deployment_version_info, r.idempotency_key,
      r.parameters, r.context, r.job_variables, r.labels, r.auto_scheduled, r.infrastructure_document_id, r.created_at, r.updated_at
    from queues cross join lateral (
      select r.xmin, r.* from flow_runs r
      where r.workspace_id = ${workspaceId} and r.work_queue_id = queues.id and r.next_scheduled_start_at <= ${now}
        and (r.empirical_policy ->> 'retry_type') is distinct from 'in_process' ${runsWithin(sql, runs)}
        ${tried.length === 0 ? sql`` : sql`and r.id <> all (${[...tried]}::uuid[])`}
      order by r.next_scheduled_start_at limit greatest(0, least(queues.free, ${open.length}::int))
      for update skip locked
    ) r
    ${runContext(sql)}
    limit (select greatest(0, least(free, ${open.length}::int)) from pool)`

/** The run as reading it after the claim would answer. */
const rowAfter = (run: DueRun, update: FlowRunUpdate): FlowRunRow => ({
  ...run,
  empiricalPolicy: (update.run.empirical_policy ?? run.empiricalPolicy) as FlowRunRow['empiricalPolicy'],
  stateId: update.state.state_id,
  stateType: update.state.state_type,
  stateName: update.state.state_name,
  stateAt: update.state.state_at,
  stateMessage: update.state.state_message,
  stateDetails: update.state.state_details,
  stateData: update.state.state_data as FlowRunRow['stateData'],
  runCount: update.state.run_count,
  startAt: update.state.start_at,
  endAt: update.state.end_at,
  expectedStartAt: update.state.expected_start_at,
  nextScheduledStartAt: update.state.next_scheduled_start_at,
  totalRunTimeSeconds: update.state.total_run_time_seconds,
  updatedAt: update.state.state_at,
})
