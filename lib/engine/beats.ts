import type { Sql } from '../db/clients.ts'
import type { StateType } from '../domain/state.ts'
import { formatInstant } from '../domain/time.ts'
import { plainArray } from './array-literal.ts'
import type { NewEvent } from './engine.ts'

/** A sign of life of an agent that holds a claim. */
export interface Beat {
  readonly workspaceId: string
  readonly runId: string
  readonly token: string
  /** How long the claim is good from now. */
  readonly seconds: number
}

export type BeatAnswer =
  /** The claim is good; `stop` asks the holder to end the run. */
  | { readonly held: true; readonly stop: boolean }
  /** Somebody else has the run, or nobody: the holder is to let go of it. */
  | { readonly held: false; readonly reason: string }

interface Judged {
  readonly workspaceId: string
  readonly runId: string
  readonly token: string
  readonly held: boolean
  readonly stateType: StateType | null
  readonly stateName: string | null
  readonly claimToken: string | null
  /** It is paused, and its process waits. */
  readonly waits: boolean | null
  readonly holderType: string | null
  readonly holderName: string | null
}

/** Extends claims, a batch in one statement, and tells whose are lost. Writes nothing but the claims: no event, no state. */
export async function recordBeats(
  sql: Sql,
  beats: readonly Beat[],
  nowMicros: number,
): Promise<BeatAnswer[]> {
  const now = formatInstant(nowMicros)
  const rows = await sql<Judged[]>`
    with k as materialized (
      select * from unnest(
        ${plainArray(beats.map((beat) => beat.workspaceId))}::uuid[], ${plainArray(beats.map((beat) => beat.runId))}::uuid[],
        ${plainArray(beats.map((beat) => beat.token))}::uuid[],
        ${plainArray(beats.map((beat) => formatInstant(nowMicros + beat.seconds * 1e6)))}::timestamptz[])
      k (workspace_id, run_id, token, expires_at)
    ), mine as materialized (
      select c.workspace_id, c.run_id, k.expires_at from k
      join run_claims c on c.workspace_id = k.workspace_id and c.run_id = k.run_id and c.token = k.token
      order by c.workspace_id, c.run_id for update of c
    ), extended as (
      update run_claims c set beat_at = ${now}, expires_at = mine.expires_at from mine
      where c.workspace_id = mine.workspace_id and c.run_id = mine.run_id
      returning c.workspace_id, c.run_id
    )
    select k.workspace_id, k.run_id, k.token, e.run_id is not null as held, r.state_type, r.state_name, r.claim_token,
           r.state_type = 'PAUSED' and coalesce(r.state_details ->> 'pause_reschedule', '') <> 'true' as waits, c.holder_type, c.holder_name
    from k
    left join extended e on e.workspace_id = k.workspace_id and e.run_id = k.run_id
    left join flow_runs r on r.workspace_id = k.workspace_id and r.id = k.run_id
    left join run_claims c on c.workspace_id = k.workspace_id and c.run_id = k.run_id`
  const answers = new Map(rows.map((row) => [`${row.workspaceId} ${row.runId} ${row.token}`, answerOf(row)]))
  return beats.map(
    (beat) =>
      answers.get(`${beat.workspaceId} ${beat.runId} ${beat.token}`) ?? {
        held: false,
        reason: 'The run is gone.',
      },
  )
}

function answerOf({
  held,
  token,
  claimToken,
  waits,
  stateType,
  stateName,
  holderType,
  holderName,
}: Judged): BeatAnswer {
  if (stateType === null) return { held: false, reason: 'The run was deleted.' }
  if (held) return { held, stop: stateType === 'CANCELLING' }
  // A pause has no slot, and so no claim to extend; yet its process is the one that goes on.
  if (waits === true && claimToken === token) return { held: true, stop: false }
  if (claimToken !== null && claimToken !== token) {
    const holder =
      holderType === null ? '' : ` by ${holderType}${holderName === null ? '' : ` "${holderName}"`}`
    return { held, reason: `The run was claimed anew${holder}.` }
  }
  return { held, reason: `The run is ${stateName}: nobody executes it.` }
}

/** That a flow run's process is alive, as the client in it says without having claimed the run. */
export interface Heartbeat {
  readonly workspaceId: string
  readonly runId: string
  readonly occurredMicros: number
}

const HEARTBEAT = 'prefect.flow-run.heartbeat'
const RUN = 'prefect.flow-run.'
/** Clients beat every three minutes; three may be missed. */
const GOOD_SECONDS = 540
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** The heartbeats among events. */
export function heartbeatsOf(workspaceId: string, events: readonly NewEvent[]): readonly Heartbeat[] {
  const beats: Heartbeat[] = []
  for (const { event, resource, occurredMicros } of events) {
    if (event !== HEARTBEAT) continue
    const runId = resource['prefect.resource.id']?.slice(RUN.length).toLowerCase() ?? ''
    if (uuid.test(runId)) beats.push({ workspaceId, runId, occurredMicros })
  }
  return beats
}

/**
 * Keeps that runs are alive, claimed or not. Only of runs that are being executed: a heartbeat that comes after the end says
 * nothing. One that lay in a client's buffer for long says nothing either.
 */
export async function recordHeartbeats(
  sql: Sql,
  heartbeats: readonly Heartbeat[],
  nowMicros: number,
): Promise<void> {
  const fresh = heartbeats.filter((beat) => nowMicros - beat.occurredMicros < GOOD_SECONDS * 1e6)
  const runs = [...new Map(fresh.map((beat) => [`${beat.workspaceId} ${beat.runId}`, beat])).values()]
  if (runs.length === 0) return
  const [now, until] = [formatInstant(nowMicros), formatInstant(nowMicros + GOOD_SECONDS * 1e6)]
  // The lock on the run keeps its end away until the claim is written: then the end finds it, and closes it.
  await sql`
    with live as materialized (
      select r.workspace_id, r.id, r.claim_token, r.work_queue_id
      from unnest(${plainArray(runs.map((run) => run.workspaceId))}::uuid[], ${plainArray(runs.map((run) => run.runId))}::uuid[]) k (workspace_id, id)
      join flow_runs r on r.workspace_id = k.workspace_id and r.id = k.id
      where r.state_type in ('PENDING', 'RUNNING', 'CANCELLING')
      order by r.workspace_id, r.id for share of r
    )
    insert into run_claims as c (workspace_id, run_id, token, work_pool_id, work_queue_id, holder_type, claimed_at, beat_at, expires_at)
    select l.workspace_id, l.id, coalesce(l.claim_token, l.id), q.work_pool_id, l.work_queue_id, 'client', ${now}, ${now}, ${until}
    from live l left join work_queues q on q.workspace_id = l.workspace_id and q.id = l.work_queue_id
    order by l.workspace_id, l.id
    on conflict (workspace_id, run_id) do update set beat_at = excluded.beat_at,
      -- An agent speaks for its processes itself, and sooner: when it falls silent the run is lost, whatever they last said.
      expires_at = case when c.holder_type = 'agent' then c.expires_at else excluded.expires_at end`
}
