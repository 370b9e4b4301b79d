import { inWorkspace } from '../../db/scope.ts'
import { NotFound } from '../../domain/problem.ts'
import { type Context, requireScope } from '../context.ts'

export interface FlowChanges {
  readonly id: string
  /** Absent: left as they are. */
  readonly tags?: readonly string[]
  /** Replaced as a whole. */
  readonly labels?: Readonly<Record<string, unknown>>
}

/** Throws NotFound. */
export async function updateFlow(ctx: Context, { id, tags, labels }: FlowChanges): Promise<void> {
  requireScope(ctx, 'run_flows')
  const updated = await inWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql`
      update flows set updated_at = now()
        ${tags ? sql`, tags = ${[...tags]}::text[]` : sql``}
        ${labels ? sql`, labels = ${JSON.stringify(labels)}::text::jsonb` : sql``}
      where workspace_id = ${ctx.workspaceId} and id = ${id}`,
  )
  if (updated.count === 0) throw new NotFound('Flow')
}
