import { inWorkspace } from '../../db/scope.ts'
import { uuidv7 } from '../../db/uuid.ts'
import { Conflict, NotFound } from '../../domain/problem.ts'
import { type Context, requireScope } from '../context.ts'

export interface NewFlowRunInput {
  readonly flowRunId: string
  readonly key: string
  /** JSON that the client wrote; text to the server. */
  readonly value: string
  readonly sender: string | null
}

/** Throws NotFound for an unknown run, Conflict when the run has an input of that key. */
export async function createFlowRunInput(ctx: Context, input: NewFlowRunInput): Promise<void> {
  requireScope(ctx, 'run_flows')
  const { workspaceId } = ctx
  const [done] = await inWorkspace(
    ctx.db,
    workspaceId,
    (sql) => sql<{ found: boolean; made: boolean }[]>`
      with run as (
        -- Held, so that it is not deleted under its new input.
        select r.id from flow_runs r where r.workspace_id = ${workspaceId} and r.id = ${input.flowRunId} for key share
      ), made as (
        insert into flow_run_inputs (workspace_id, flow_run_id, key, id, value, sender)
        select ${workspaceId}, run.id, ${input.key}, ${uuidv7()}, ${input.value}, ${input.sender} from run
        on conflict (workspace_id, flow_run_id, key) do nothing returning 1
      )
      select exists (select from run) as found, exists (select from made) as made`,
  )
  if (!done?.found) throw new NotFound('Flow run')
  // Clients compare this sentence.
  if (!done.made) throw new Conflict('A flow run input with this key already exists.')
}
