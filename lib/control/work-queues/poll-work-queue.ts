import type { FlowRunRow } from '../../db/rows/flow-run.ts'
import type { PollWork } from '../../engine/poll-work.ts'
import { type Context, requireScope } from '../context.ts'

/** Runs of a queue that are due; nobody has claimed them yet. Throws NotFound. */
export async function pollWorkQueue(
  ctx: Context,
  polls: PollWork,
  {
    queueId,
    beforeMicros,
    limit,
  }: { readonly queueId: string; readonly beforeMicros: number; readonly limit: number },
): Promise<readonly FlowRunRow[]> {
  requireScope(ctx, 'see_work_queues')
  return polls.pollQueue(ctx.workspaceId, queueId, beforeMicros, limit)
}
