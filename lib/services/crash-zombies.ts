import { NotFound } from '../domain/problem.ts'
import { formatInstant } from '../domain/time.ts'
import { serviceClient, serviceState } from './proposal.ts'
import type { Service } from './service.ts'

/** Runs proposed in one turn. */
const BATCH = 500

/**
 * Finds runs whose holder has been silent for longer than its lease. There is a row of run_claims only for what runs now, so that
 * all of them are looked through: an index on the expiry would cost every beat more than this costs every turn.
 * The policy judges again under the run's and the claim's lock, and writes what is known of the holder.
 */
export const crashZombies: Service = {
  name: 'crash-zombies',
  everySeconds: 5,
  runOnce: async ({ db, engine, nowMicros }) => {
    const silent = await db.engine<{ workspaceId: string; runId: string }[]>`
      select workspace_id, run_id from run_claims where expires_at <= ${formatInstant(nowMicros())}
      order by expires_at limit ${BATCH}`
    let crashed = 0
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
          if (written) crashed++
        } catch (error) {
          if (!(error instanceof NotFound)) throw error
        }
      }),
    )
    return { counts: { silent: silent.length, crashed }, more: silent.length === BATCH && crashed > 0 }
  },
}
