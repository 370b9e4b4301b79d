import { type FlowRow, flowColumns } from '../../db/rows/flow.ts'
import { inWorkspace } from '../../db/scope.ts'
import { NotFound } from '../../domain/problem.ts'
import type { Engine } from '../../engine/engine.ts'
import { type Context, requireScope } from '../context.ts'
import { creatorOf } from '../creator.ts'
import { recordObjectEvent } from '../events/record-object-event.ts'
import { flowEvent } from './flow-event.ts'

export interface FlowChanges {
  readonly id: string
  /** Absent: left as they are. */
  readonly tags?: readonly string[]
  /** Replaced as a whole. */
  readonly labels?: Readonly<Record<string, unknown>>
}

/** Throws NotFound. */
export async function updateFlow(
  ctx: Context,
  engine: Engine,
  { id, tags, labels }: FlowChanges,
): Promise<void> {
  requireScope(ctx, 'run_flows')
  const [row] = await inWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<FlowRow[]>`
      update flows f set updated_at = now(), updated_by = ${JSON.stringify(creatorOf(ctx.actor))}::text::jsonb
        ${tags ? sql`, tags = ${[...tags]}::text[]` : sql``}
        ${labels ? sql`, labels = ${JSON.stringify(labels)}::text::jsonb` : sql``}
      where f.workspace_id = ${ctx.workspaceId} and f.id = ${id} returning ${flowColumns(sql)}`,
  )
  if (!row) throw new NotFound('Flow')
  await recordObjectEvent(ctx, engine, flowEvent('updated', row))
}
