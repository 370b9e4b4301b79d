import type { Queryable, Sql } from '../db/clients.ts'
import { type TaskRunRow, taskRunColumns } from '../db/rows/task-run.ts'
import type { ProposedState } from '../domain/orchestration/decide.ts'
import { formatInstant, parseInstant } from '../domain/time.ts'
import { plainArray, textArray } from './array-literal.ts'
import { compareKeys } from './key-order.ts'
import type { Signal } from './signals.ts'

/** A deferred task run that waits for a task worker. */
export interface EnqueuedTask {
  readonly workspaceId: string
  readonly taskRunId: string
  readonly taskKey: string
  readonly isRetry: boolean
  readonly enqueuedMicros: number
  readonly availableMicros: number
}

/** What the effect `enqueue-background-task` asks for, of a state that was written. */
export const enqueuedTask = (
  run: { readonly workspaceId: string; readonly id: string; readonly taskKey: string },
  queue: 'scheduled' | 'retry',
  write: ProposedState & { readonly atMicros: number },
): EnqueuedTask => {
  const { scheduled_time } = write.details
  return {
    workspaceId: run.workspaceId,
    taskRunId: run.id,
    taskKey: run.taskKey,
    isRetry: queue === 'retry',
    enqueuedMicros: write.atMicros,
    availableMicros:
      (typeof scheduled_time === 'string' ? parseInstant(scheduled_time) : undefined) ?? write.atMicros,
  }
}

/** A task that is scheduled once more waits once; whoever had it in hand has it no more. */
export const enqueueTasks = (sql: Queryable, tasks: readonly EnqueuedTask[]) => {
  const rows = [...tasks].sort((a, b) => compareKeys(a.workspaceId, a.taskRunId, b.workspaceId, b.taskRunId))
  return sql`
    insert into background_tasks (workspace_id, task_run_id, task_key, is_retry, enqueued_at, available_at)
    select * from unnest(
      ${plainArray(rows.map((row) => row.workspaceId))}::uuid[], ${plainArray(rows.map((row) => row.taskRunId))}::uuid[],
      ${textArray(rows.map((row) => row.taskKey))}::text[], ${plainArray(rows.map((row) => String(row.isRetry)))}::boolean[],
      ${plainArray(rows.map((row) => formatInstant(row.enqueuedMicros)))}::timestamptz[],
      ${plainArray(rows.map((row) => formatInstant(row.availableMicros)))}::timestamptz[])
    on conflict (workspace_id, task_run_id) do update set
      is_retry = excluded.is_retry, enqueued_at = excluded.enqueued_at, available_at = excluded.available_at,
      handed_to = null, handed_until = null`
}

export const enqueuedSignals = (tasks: readonly EnqueuedTask[]): readonly Signal[] =>
  tasks.map(({ workspaceId, taskKey, availableMicros }) => ({
    type: 'task-enqueued',
    workspaceId,
    taskKey,
    availableMicros,
  }))

/** How long a task stays with the connection that it was handed to, unless that says that it is still there. */
export const HANDED_SECONDS = 60

interface Holder {
  readonly workspaceId: string
  /** Names one connection of one process. */
  readonly holder: string
}

/**
 * Takes the next task of these keys: retries first, then the longest waiting. Each is given to one taker, on any number of
 * replicas. null: none is due. What is no longer scheduled is passed over, and forgotten.
 */
export async function takeTask(
  sql: Sql,
  { workspaceId, holder, taskKeys }: Holder & { readonly taskKeys: readonly string[] },
  nowMicros: number,
): Promise<TaskRunRow | null> {
  const now = formatInstant(nowMicros)
  for (;;) {
    const [row] = await sql<TaskRunRow[]>`
      with next as (
        select task_run_id from background_tasks
        where workspace_id = ${workspaceId} and task_key = any (${[...taskKeys]}::text[]) and available_at <= ${now}
          and (handed_until is null or handed_until <= ${now})
        order by is_retry desc, available_at, task_run_id limit 1
        for update skip locked
      ), taken as (
        update background_tasks b set handed_to = ${holder}, handed_until = ${handedUntil(nowMicros)}
        from next where b.workspace_id = ${workspaceId} and b.task_run_id = next.task_run_id
        returning b.task_run_id
      )
      select ${taskRunColumns(sql)} from taken join task_runs t on t.workspace_id = ${workspaceId} and t.id = taken.task_run_id`
    if (!row || row.stateType === 'SCHEDULED') return row ?? null
    await forgetTask(sql, { workspaceId, holder, taskRunId: row.id })
  }
}

const handedUntil = (nowMicros: number): string => formatInstant(nowMicros + HANDED_SECONDS * 1_000_000)

/** When the next task of these keys comes due that nobody has in hand; null: none waits. */
export async function nextTaskMicros(
  sql: Sql,
  { workspaceId, taskKeys }: { readonly workspaceId: string; readonly taskKeys: readonly string[] },
): Promise<number | null> {
  const [row] = await sql<{ at: string | null }[]>`
    select min(greatest(available_at, handed_until)) as at from background_tasks
    where workspace_id = ${workspaceId} and task_key = any (${[...taskKeys]}::text[])`
  return row?.at == null ? null : (parseInstant(row.at) ?? null)
}

/** The holder is still there, and has not said yet that it read the task. */
export const keepTask = (
  sql: Sql,
  { workspaceId, holder, taskRunId }: Holder & { readonly taskRunId: string },
  nowMicros: number,
) => sql`
  update background_tasks set handed_until = ${handedUntil(nowMicros)}
  where workspace_id = ${workspaceId} and task_run_id = ${taskRunId} and handed_to = ${holder}`

/** The holder has it: it waits no more. */
export const forgetTask = (
  sql: Sql,
  { workspaceId, holder, taskRunId }: Holder & { readonly taskRunId: string },
) => sql`
  delete from background_tasks where workspace_id = ${workspaceId} and task_run_id = ${taskRunId} and handed_to = ${holder}`

/** The holder went without a word: the task goes first to whoever asks next. Answers its key, if it was still the holder's. */
export async function giveTaskBack(
  sql: Sql,
  { workspaceId, holder, taskRunId }: Holder & { readonly taskRunId: string },
): Promise<string | null> {
  const [row] = await sql<{ taskKey: string }[]>`
    update background_tasks set handed_to = null, handed_until = null, is_retry = true
    where workspace_id = ${workspaceId} and task_run_id = ${taskRunId} and handed_to = ${holder}
    returning task_key`
  return row?.taskKey ?? null
}
