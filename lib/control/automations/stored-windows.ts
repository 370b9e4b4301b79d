import { createHash } from 'node:crypto'
import type { Queryable } from '../../db/clients.ts'
import type { Evaluation, WindowId } from '../../domain/automations/evaluate.ts'
import { formatInstant } from '../../domain/time.ts'

/** Values of for_each may be longer than an index takes. */
export const keyHash = (key: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(key)).digest('base64url')

/** Writes what an evaluation changed of the windows and parts of a workspace's automations. */
export async function saveEvaluation(
  sql: Queryable,
  workspaceId: string,
  evaluation: Evaluation,
): Promise<void> {
  const windows = evaluation.changedWindows()
  const open = windows.flatMap(({ window, ...id }) => (window ? [{ ...id, window }] : []))
  const ended = windows.filter((each) => each.window === null)
  if (ended.length > 0) {
    await sql`
      delete from automation_windows w
      using unnest(${ended.map((each) => each.automationId)}::uuid[], ${ended.map((each) => each.triggerId)}::uuid[],
                   ${ended.map((each: WindowId) => keyHash(each.key))}::text[]) k (automation_id, trigger_id, key_hash)
      where w.workspace_id = ${workspaceId} and w.automation_id = k.automation_id and w.trigger_id = k.trigger_id
        and w.key_hash = k.key_hash`
  }
  if (open.length > 0) {
    const texts = open.map((each) => JSON.stringify(each.key))
    const last = open.map(({ window }) => (window.last ? JSON.stringify(window.last) : null))
    await sql`
      insert into automation_windows as w (workspace_id, automation_id, trigger_id, key_hash, key, start_at, end_at, close_at, event_count, last_event)
      select ${workspaceId}::uuid, k.automation_id, k.trigger_id, k.key_hash, k.key::jsonb, k.start_at, k.end_at, k.close_at, k.event_count, k.last_event::jsonb
      from unnest(${open.map((each) => each.automationId)}::uuid[], ${open.map((each) => each.triggerId)}::uuid[],
                  ${open.map((each) => keyHash(each.key))}::text[], ${texts}::text[],
                  ${open.map((each) => formatInstant(each.window.startMicros))}::timestamptz[],
                  ${open.map((each) => formatInstant(each.window.endMicros))}::timestamptz[],
                  ${open.map((each) => formatInstant(each.closeMicros))}::timestamptz[],
                  ${open.map((each) => each.window.count)}::int[], ${last}::text[])
        k (automation_id, trigger_id, key_hash, key, start_at, end_at, close_at, event_count, last_event)
      on conflict (workspace_id, automation_id, trigger_id, key_hash) do update
        set start_at = excluded.start_at, end_at = excluded.end_at, close_at = excluded.close_at, event_count = excluded.event_count, last_event = excluded.last_event`
  }
  await saveParts(sql, workspaceId, evaluation)
}

async function saveParts(sql: Queryable, workspaceId: string, evaluation: Evaluation): Promise<void> {
  for (const { automationId, parentId, partId, fired } of evaluation.changedParts()) {
    if (fired === null) {
      await sql`
        delete from automation_parts where workspace_id = ${workspaceId} and automation_id = ${automationId}
          and parent_id = ${parentId} and part_id = ${partId}`
      continue
    }
    await sql`
      insert into automation_parts (workspace_id, automation_id, parent_id, part_id, fired)
      values (${workspaceId}, ${automationId}, ${parentId}, ${partId}, ${JSON.stringify(fired)}::text::jsonb)
      on conflict (workspace_id, automation_id, parent_id, part_id) do update set fired = excluded.fired`
  }
}
