import { type FlowRow, flowColumns } from '../../db/rows/flow.ts'
import { inWorkspace } from '../../db/scope.ts'
import { uuidv7 } from '../../db/uuid.ts'
import type { Engine } from '../../engine/engine.ts'
import { type Context, requireScope } from '../context.ts'
import { creatorOf } from '../creator.ts'
import { recordObjectEvent } from '../events/record-object-event.ts'
import { flowEvent } from './flow-event.ts'

export interface NewFlow {
  readonly name: string
  readonly tags: readonly string[]
  readonly labels: Readonly<Record<string, unknown>>
}

/** Finds the flow of that name, or makes it. Clients call this before every run, so finding is one statement. */
export async function createFlow(
  ctx: Context,
  engine: Engine,
  flow: NewFlow,
): Promise<{ created: boolean; row: FlowRow }> {
  requireScope(ctx, 'run_flows')
  const by = JSON.stringify(creatorOf(ctx.actor))
  for (;;) {
    const [row] = await inWorkspace(
      ctx.db,
      ctx.workspaceId,
      (sql) => sql<(FlowRow & { created: boolean })[]>`
        with found as (
          select ${flowColumns(sql)} from flows f where f.workspace_id = ${ctx.workspaceId} and f.name = ${flow.name}
        ), made as (
          insert into flows as f (workspace_id, id, name, tags, labels, created_by, updated_by)
          select ${ctx.workspaceId}, ${uuidv7()}, ${flow.name}, ${[...flow.tags]}::text[], ${JSON.stringify(flow.labels)}::text::jsonb,
            ${by}::text::jsonb, ${by}::text::jsonb
          where not exists (select from found)
          on conflict (workspace_id, name) do nothing
          returning ${flowColumns(sql)}
        )
        select false as created, * from found union all select true, * from made`,
    )
    // None: another request made it after this statement's snapshot was taken. The next one sees it.
    if (row) {
      const { created, ...rest } = row
      if (created) await recordObjectEvent(ctx, engine, flowEvent('created', rest))
      return { created, row: rest }
    }
  }
}
