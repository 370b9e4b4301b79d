import type { DueRun, PoolPoll } from '../../engine/due-reads.ts'
import type { PollWork } from '../../engine/poll-work.ts'
import { type Context, requireScope } from '../context.ts'

/** Runs of a pool that are due, the most urgent queue first; nobody has claimed them yet. Throws NotFound. */
export async function pollWorkPool(
  ctx: Context,
  polls: PollWork,
  poll: Omit<PoolPoll, 'workspaceId'>,
): Promise<readonly DueRun[]> {
  requireScope(ctx, 'see_work_queues')
  return polls.pollPool({ workspaceId: ctx.workspaceId, ...poll })
}
