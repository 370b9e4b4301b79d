import { workOffFollowUps } from './follow-ups.ts'
import { serviceClient, serviceState } from './proposal.ts'
import type { Service } from './service.ts'

/** Fails runs whose pause timed out. One that was resumed in the last moment is left alone by the policy. */
export const expirePauses: Service = {
  name: 'expire-pauses',
  everySeconds: 5,
  runOnce: async (scope) => {
    const { due, changed, more } = await workOffFollowUps(
      scope,
      'pause-timeout',
      async ({ workspaceId, runId }) => {
        const { written } = await scope.engine.setFlowRunState({
          workspaceId,
          runId,
          state: serviceState('FAILED', 'The flow was paused and never resumed.'),
          policy: 'pause-timeout',
          client: serviceClient,
        })
        return written
      },
    )
    return { counts: { due, expired: changed }, more }
  },
}
