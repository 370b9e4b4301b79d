import { NotFound } from '../domain/problem.ts'
import { formatInstant } from '../domain/time.ts'
import { serviceClient, serviceState } from './proposal.ts'
import type { Service, ServiceScope } from './service.ts'
import { takeTurn } from './take-turn.ts'

/** Runs proposed in one turn. */
const BATCH = 500
const EVERY_SECONDS = 5
/** Nobody looked for this long: then perhaps nobody could be heard either. The shortest lease, 15 s, less the time between two beats. */
const AWAY_SECONDS = 10

/**
 * Finds runs whose holder has been silent for longer than its lease. There is a row of run_claims only for what runs now, so that
 * all of them are looked through: an index on the expiry would cost every beat more than this costs every turn.
 * The policy judges again under the run's and the claim's lock, and writes what is known of the holder.
 */
export const crashZombies: Service = {
  name: 'crash-zombies',
  everySeconds: EVERY_SECONDS,
  runOnce: async (scope) => {
    const { db, engine, nowMicros } = scope
    const forgiven = await forgiveOutage(scope)
    const silent = await db.engine<{ workspaceId: string; runId: string }[]>`
      select workspace_id, run_id from run_claims where expires_at <= ${formatInstant(nowMicros())}
      order by expires_at limit ${BATCH}`
    let lost = 0
    await Promise.all(
      silent.map(async ({ workspaceId, runId }) => {
        try {
          const { written } = await engine.setFlowRunState({
            workspaceId,
            runId,
            state: serviceState('CRASHED', ''),
            policy: 'zombie',
            client: serviceClient,
          })
          if (written) lost++
        } catch (error) {
          if (!(error instanceof NotFound)) throw error
        }
      }),
    )
    return {
      counts: { silent: silent.length, lost, forgiven },
      more: silent.length === BATCH && lost > 0,
    }
  },
}

/**
 * While every replica was away no beat could arrive, and every lease ran out: whoever holds one gets a whole one anew, counted from
 * now. Answers how many.
 */
async function forgiveOutage({ db, nowMicros }: ServiceScope): Promise<number> {
  const now = formatInstant(nowMicros())
  const away = formatInstant(nowMicros() - AWAY_SECONDS * 1_000_000)
  const [row] = await db.engine<{ forgiven: number }[]>`
    with ${takeTurn(db.engine, crashZombies.name, now)}, forgiven as (
      -- What was forgiven before and has not been heard of since would look like a longer lease each time: it is never longer than
      -- the longest that there is.
      update run_claims set expires_at = ${now}::timestamptz + least(expires_at - coalesce(beat_at, claimed_at), interval '540 seconds')
      where expires_at <= ${now} and (select at from last) < ${away}
      returning 1
    )
    select count(*)::int as forgiven from forgiven`
  return row?.forgiven ?? 0
}
