import type { Transaction } from '../../db/clients.ts'
import { isLive, slotsOut } from '../../db/rows/concurrency-limit.ts'
import { uuidv7 } from '../../db/uuid.ts'
import { formatInstant } from '../../domain/time.ts'

/**
 * Makes it so that exactly so many slots of a limit are out: what nobody holds by a lease becomes the operator's, whose slots read
 * back as set; where leases hold more than that, the latest lose theirs. The caller has locked the limit.
 */
export async function setActiveSlots(
  sql: Transaction,
  workspaceId: string,
  limitId: string,
  slots: number,
  nowMicros: number,
): Promise<void> {
  const now = formatInstant(nowMicros)
  await sql`
    delete from slot_leases s using concurrency_limits l
    where l.workspace_id = ${workspaceId} and l.id = ${limitId} and s.workspace_id = l.workspace_id and s.limit_id = l.id
      and (s.holder_type = 'operator' or not ${isLive(sql, now)} or s.holder_id is null and (s.expires_at is null or s.drains_from is not null))`
  // What is left is held by leases: those stay for which there is room, the longest held first.
  const [kept] = await sql<{ slots: number }[]>`
    with held as (
      select s.id, ${slotsOut(sql, now)} as out, sum(${slotsOut(sql, now)}) over (order by s.held_since, s.id) as up_to
      from slot_leases s join concurrency_limits l on l.workspace_id = s.workspace_id and l.id = s.limit_id
      where s.workspace_id = ${workspaceId} and s.limit_id = ${limitId}
    ), evicted as (
      delete from slot_leases s using held
      where s.workspace_id = ${workspaceId} and s.limit_id = ${limitId} and s.id = held.id and held.up_to > ${slots}
    )
    select coalesce(sum(out), 0) as slots from held where up_to <= ${slots}`
  const rest = slots - (kept?.slots ?? 0)
  if (rest > 0)
    await sql`
      insert into slot_leases (workspace_id, limit_id, id, slots, holder_type, held_since, drains_from)
      select ${workspaceId}, l.id, ${uuidv7()}, ${rest}, 'operator', ${now}, case when l.slot_decay_per_second > 0 then ${now}::timestamptz end
      from concurrency_limits l where l.workspace_id = ${workspaceId} and l.id = ${limitId}`
}
