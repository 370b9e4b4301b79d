import type { FlowRunRow } from '../../db/rows/flow-run.ts'
import type { PollWork } from '../../engine/poll-work.ts'
import { type Context, requireScope } from '../context.ts'

export interface ServedRuns {
  readonly deploymentIds: readonly string[]
  readonly beforeMicros: number
  readonly limit: number
}

/** Runs of these deployments that are due by then, the soonest first, for whoever serves them; which makes the deployments ready. */
export async function listScheduledRuns(
  ctx: Context,
  polls: Pick<PollWork, 'pollDeployments'>,
  { deploymentIds, beforeMicros, limit }: ServedRuns,
): Promise<readonly FlowRunRow[]> {
  requireScope(ctx, 'run_deployments')
  return polls.pollDeployments(ctx.workspaceId, deploymentIds, beforeMicros, limit)
}
