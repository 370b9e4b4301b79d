import type { Transaction } from '../../db/clients.ts'
import { readWorkspace } from '../../db/scope.ts'
import { uuidMillis } from '../../db/uuid.ts'
import { NotFound } from '../../domain/problem.ts'
import type { RawJson, StateDetails, StateType } from '../../domain/state.ts'
import { type Context, requireScope } from '../context.ts'

export type RunKind = 'flow-run' | 'task-run'

export interface StateRow {
  readonly id: string
  readonly runId: string
  readonly type: StateType
  readonly name: string
  readonly at: string
  readonly message: string
  readonly details: StateDetails
  readonly data: RawJson | null
}

const table = (sql: Transaction, kind: RunKind) =>
  kind === 'flow-run' ? sql`flow_run_states s` : sql`task_run_states s`
const columns = (sql: Transaction) => sql`s.id, s.run_id, s.type, s.name, s.at, s.message, s.details, s.data`

/** The states of a run, oldest first. A run that is unknown has none. */
export async function listStates(ctx: Context, kind: RunKind, runId: string): Promise<readonly StateRow[]> {
  requireScope(ctx, 'see_flows')
  return readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<StateRow[]>`
      select ${columns(sql)} from ${table(sql, kind)}
      where s.workspace_id = ${ctx.workspaceId} and s.run_id = ${runId} order by s.at, s.id limit 10000`,
  )
}

/** One state by its id. Throws NotFound. */
export async function readState(ctx: Context, kind: RunKind, id: string): Promise<StateRow> {
  requireScope(ctx, 'see_flows')
  // States are kept by time. An id that tells when it was made names the partition; its clock may be a little off.
  const madeMs = uuidMillis(id)
  const [row] = await readWorkspace(ctx.db, ctx.workspaceId, async (sql) => {
    const find = (within: ReturnType<Transaction>) => sql<StateRow[]>`
      select ${columns(sql)} from ${table(sql, kind)} where s.workspace_id = ${ctx.workspaceId} ${within} and s.id = ${id} limit 1`
    if (madeMs === undefined || madeMs > Date.UTC(9999, 0)) return find(sql``)
    const near = await find(
      sql`and s.at between ${new Date(madeMs - CLOCK_MS).toISOString()}::timestamptz and ${new Date(madeMs + CLOCK_MS).toISOString()}::timestamptz`,
    )
    return near.length > 0 ? near : find(sql``)
  })
  if (!row) throw new NotFound(kind === 'flow-run' ? 'Flow run state' : 'Task run state')
  return row
}

const CLOCK_MS = 120_000
