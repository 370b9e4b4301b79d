import { workOffFollowUps } from './follow-ups.ts'
import { serviceClient, serviceState } from './proposal.ts'
import type { Service } from './service.ts'

/** Stops runs that did not begin, or end, in time. The policy says which, and why, in the state's message. */
export const enforceDeadlines: Service = {
  name: 'enforce-deadlines',
  everySeconds: 5,
  runOnce: async (scope) => {
    const { due, changed, more } = await workOffFollowUps(
      scope,
      'deadline',
      async ({ workspaceId, runId }) => {
        const { written } = await scope.engine.setFlowRunState({
          workspaceId,
          runId,
          state: serviceState('CANCELLING', ''),
          policy: 'deadline',
          client: serviceClient,
        })
        return written
      },
    )
    return { counts: { due, stopped: changed }, more }
  },
}
