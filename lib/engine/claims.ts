import type { Transaction } from '../db/clients.ts'
import { type FlowRunRow, flowRunColumns } from '../db/rows/flow-run.ts'
import type { ClientView } from '../domain/orchestration/decide.ts'
import { formatInstant } from '../domain/time.ts'
import type { ClaimHolder } from './claim-writes.ts'
import type { StateProposal } from './engine.ts'
import {
  byTenantKey,
  commitAndTell,
  moveFlowRuns,
  type Outcome,
  type TransitionDeps,
} from './flow-run-transitions.ts'
import { lockPools } from './work-places.ts'

/** Somebody who will execute runs of a pool, and how many of them. */
export interface ClaimRequest {
  readonly workspaceId: string
  readonly workPoolId: string
  /** null: any queue of the pool. */
  readonly workQueueIds: readonly string[] | null
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
 */
export const claimFlowRuns = (
  deps: TransitionDeps,
  requests: readonly ClaimRequest[],
): Promise<(readonly ClaimedRun[])[]> =>
  commitAndTell(deps, async (sql, outcome) => {
    const pools = await readPools(sql, requests)
    const claims = new Map<ClaimRequest, readonly Claim[]>()
    // Who asks for the same queues shares one search; workers of a pool mostly do.
    for (const group of groupsOf(requests)) {
      const pool = pools.get(`${group.workspaceId} ${group.workPoolId}`)
      const found = pool ? await claimGroup(deps, sql, outcome, pool, group) : []
      for (const request of group.requests)
        claims.set(
          request,
          found.filter((claim) => claim.request === request),
        )
    }
    const rows = await readRuns(sql, [...claims.values()].flat())
    return requests.map((request) =>
      (claims.get(request) ?? []).flatMap(({ runId, token, expiresMicros }) => {
        const run = rows.get(`${request.workspaceId} ${runId}`)
        return run ? [{ run, token, expiresMicros }] : []
      }),
    )
  })

interface Claim {
  readonly request: ClaimRequest
  readonly runId: string
  readonly token: string
  readonly expiresMicros: number
}

interface Group {
  readonly workspaceId: string
  readonly workPoolId: string
  readonly workQueueIds: readonly string[] | null
  readonly requests: readonly ClaimRequest[]
}

function groupsOf(requests: readonly ClaimRequest[]): Iterable<Group> {
  const groups = new Map<string, Group & { readonly requests: ClaimRequest[] }>()
  for (const request of requests) {
    const { workspaceId, workPoolId, workQueueIds } = request
    const key = `${workspaceId} ${workPoolId} ${workQueueIds === null ? '*' : [...workQueueIds].sort().join(' ')}`
    const group = groups.get(key)
    if (group) group.requests.push(request)
    else groups.set(key, { workspaceId, workPoolId, workQueueIds, requests: [request] })
  }
  return groups.values()
}

interface Queue {
  readonly id: string
  /** Slots that are left; null: no limit. */
  free: number | null
}

interface Pool {
  /** Slots that are left; null: no limit. */
  free: number | null
  /** Open queues, the most urgent first. */
  readonly queues: readonly Queue[]
}

interface QueueRow {
  readonly workspaceId: string
  readonly poolId: string
  readonly poolLimit: number | null
  readonly poolActive: number
  readonly id: string
  readonly queueLimit: number | null
  readonly active: number
}

/** The pools that are asked, with what is free in them. Those with limits are locked, so that what is free stays so. */
async function readPools(sql: Transaction, requests: readonly ClaimRequest[]): Promise<Map<string, Pool>> {
  const keys = [...new Map(requests.map((r) => [`${r.workspaceId} ${r.workPoolId}`, r])).values()]
  const [workspaceIds, poolIds] = [keys.map((key) => key.workspaceId), keys.map((key) => key.workPoolId)]
  const limited = await sql<{ id: string }[]>`
    select p.id from unnest(${workspaceIds}::uuid[], ${poolIds}::uuid[]) k (workspace_id, id)
    join work_pools p on p.workspace_id = k.workspace_id and p.id = k.id
    where p.concurrency_limit is not null or exists (
      select from work_queues q where q.workspace_id = p.workspace_id and q.work_pool_id = p.id and q.concurrency_limit is not null)`
  await lockPools(
    sql,
    limited.map((pool) => pool.id),
  )
  const rows = await sql<QueueRow[]>`
    select p.workspace_id, p.id as pool_id, p.concurrency_limit as pool_limit, q.id, q.concurrency_limit as queue_limit,
      case when p.concurrency_limit is null then 0 else (
        select count(*)::int from run_claims c where c.workspace_id = p.workspace_id and c.work_pool_id = p.id) end as pool_active,
      case when q.concurrency_limit is null then 0 else (
        select count(*)::int from run_claims c where c.workspace_id = q.workspace_id and c.work_queue_id = q.id) end as active
    from unnest(${workspaceIds}::uuid[], ${poolIds}::uuid[]) k (workspace_id, id)
    join work_pools p on p.workspace_id = k.workspace_id and p.id = k.id
    join work_queues q on q.workspace_id = p.workspace_id and q.work_pool_id = p.id
    where not p.is_paused and not q.is_paused
    order by q.priority, q.name`
  const pools = new Map<string, Pool & { readonly queues: Queue[] }>()
  for (const row of rows) {
    const key = `${row.workspaceId} ${row.poolId}`
    const pool = pools.get(key) ?? {
      free: row.poolLimit === null ? null : row.poolLimit - row.poolActive,
      queues: [],
    }
    pools.set(key, pool)
    pool.queues.push({ id: row.id, free: row.queueLimit === null ? null : row.queueLimit - row.active })
  }
  return pools
}

/** A run may be refused by another limit, of its deployment for instance. Then others are tried, so often. */
const ROUNDS = 3

async function claimGroup(
  deps: TransitionDeps,
  sql: Transaction,
  outcome: Outcome,
  pool: Pool,
  group: Group,
): Promise<readonly Claim[]> {
  const { workspaceId, workQueueIds } = group
  const queues = pool.queues.filter((queue) => workQueueIds === null || workQueueIds.includes(queue.id))
  const claims: Claim[] = []
  const tried: string[] = []
  // One entry a run that is wanted: each claim is somebody's from the start.
  let open = group.requests.flatMap((request) => Array.from({ length: request.limit }, () => request))
  for (let round = 0; round < ROUNDS && open.length > 0; round++) {
    const due = await findDue(sql, workspaceId, pool, queues, open.length, tried, deps.nowMicros())
    const asks = open.slice(0, due.length).map((request, i) => ({ request, due: due[i] as Due }))
    if (asks.length === 0) break
    tried.push(...due.map(({ runId }) => runId))
    const answers = await moveFlowRuns(
      deps,
      sql,
      asks.map(({ request, due: { runId } }) => claimOf(request, runId)),
      outcome,
    )
    const refused = open.slice(due.length)
    for (const [i, { request, due: found }] of asks.entries()) {
      const answer = answers[i]
      const state = answer instanceof Error || answer?.verdict !== 'ACCEPT' ? null : answer.state
      if (!state?.details.claim_token) {
        refused.push(request)
        continue
      }
      if (pool.free !== null) pool.free--
      if (found.queue.free !== null) found.queue.free--
      const expiresMicros = state.atMicros + request.seconds * 1e6
      claims.push({ request, runId: found.runId, token: state.details.claim_token, expiresMicros })
    }
    if (due.length < open.length) break
    open = refused
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

interface Due {
  readonly runId: string
  readonly queue: Queue
}

/** Locks runs that wait in these queues, the most urgent queue first, and no more than there is room for. */
async function findDue(
  sql: Transaction,
  workspaceId: string,
  pool: Pool,
  queues: readonly Queue[],
  wanted: number,
  tried: readonly string[],
  nowMicros: number,
): Promise<readonly Due[]> {
  const found: Due[] = []
  const now = formatInstant(nowMicros)
  const room = Math.min(wanted, pool.free ?? wanted)
  if (room <= 0) return found
  const busy = await sql<{ id: string }[]>`
    select q.id from unnest(${queues.map((queue) => queue.id)}::uuid[]) q (id)
    where exists (
      select from flow_runs r where r.workspace_id = ${workspaceId} and r.work_queue_id = q.id and r.next_scheduled_start_at <= ${now})`
  const busyIds = new Set(busy.map((row) => row.id))
  for (const queue of queues) {
    const most = Math.min(room - found.length, queue.free ?? room)
    if (most <= 0 || !busyIds.has(queue.id)) continue
    const rows = await sql<{ id: string }[]>`
      select r.id from flow_runs r
      where r.workspace_id = ${workspaceId} and r.work_queue_id = ${queue.id} and r.next_scheduled_start_at <= ${now}
        and (r.empirical_policy ->> 'retry_type') is distinct from 'in_process'
        ${tried.length === 0 ? sql`` : sql`and r.id <> all (${[...tried]}::uuid[])`}
      order by r.next_scheduled_start_at limit ${most}
      for update skip locked`
    found.push(...rows.map((row) => ({ runId: row.id, queue })))
  }
  return found
}

async function readRuns(
  sql: Transaction,
  claims: readonly Claim[],
): Promise<Map<string, FlowRunRow & { readonly workspaceId: string }>> {
  if (claims.length === 0) return new Map()
  const rows = await sql<(FlowRunRow & { readonly workspaceId: string })[]>`
    select r.workspace_id, ${flowRunColumns(sql)}
    from unnest(${claims.map((claim) => claim.request.workspaceId)}::uuid[], ${claims.map((claim) => claim.runId)}::uuid[]) k (workspace_id, id)
    join flow_runs r on r.workspace_id = k.workspace_id and r.id = k.id
    join flows f on f.workspace_id = r.workspace_id and f.id = r.flow_id`
  return byTenantKey(rows)
}
