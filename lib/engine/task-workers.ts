import type { Sql } from '../db/clients.ts'
import { formatInstant } from '../domain/time.ts'

/** Connections of task workers, on whichever replica. A row whose replica died is believed for this long. */
export const TASK_WORKER_SECONDS = 60

interface Connection {
  readonly workspaceId: string
  readonly connectionId: string
}

/** Makes or renews the row, and drops those of replicas that died. */
export const seeTaskWorker = (
  sql: Sql,
  {
    workspaceId,
    connectionId,
    identifier,
    taskKeys,
  }: Connection & { readonly identifier: string; readonly taskKeys: readonly string[] },
  nowMicros: number,
) => sql`
  with gone as (
    delete from task_workers where workspace_id = ${workspaceId} and seen_at < ${formatInstant(nowMicros - 10 * TASK_WORKER_SECONDS * 1_000_000)}
  )
  insert into task_workers (workspace_id, id, identifier, task_keys, seen_at)
  values (${workspaceId}, ${connectionId}, ${identifier}, ${[...taskKeys]}::text[], ${formatInstant(nowMicros)})
  on conflict (workspace_id, id) do update set seen_at = excluded.seen_at`

export const forgetTaskWorker = (sql: Sql, { workspaceId, connectionId }: Connection) =>
  sql`delete from task_workers where workspace_id = ${workspaceId} and id = ${connectionId}`
