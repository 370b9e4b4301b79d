import type { Transaction } from '../../../db/clients.ts'
import { isLive, slotsOut } from '../../../db/rows/concurrency-limit.ts'
import type { LineSight } from '../../../domain/orchestration/waiting/waiting.ts'
import { isFinal } from '../../../domain/state.ts'
import { isRunInLine } from '../../../engine/slot-writes.ts'
import { microsOf, type StoredFlowRun } from '../../../engine/stored.ts'
import { readLeaseHolders } from './holders.ts'

/** The lines of limits in which a run or its task runs stand, but for that of its deployment, of which its state tells. */
export async function readLines(
  sql: Transaction,
  workspaceId: string,
  run: StoredFlowRun,
  now: string,
): Promise<readonly LineSight[]> {
  if (run.stateType !== null && isFinal(run.stateType)) return []
  const lines = await sql<(Omit<LineSight, 'holders' | 'sinceMicros'> & { readonly since: string })[]>`
    with own as (
      select w.limit_id, w.id, w.slots, w.since,
             count(*) over (partition by w.limit_id)::int as waiting,
             row_number() over (partition by w.limit_id order by w.since, w.id) as place
      from slot_waiters w
      left join task_runs t on w.holder_type = 'task_run' and t.workspace_id = w.workspace_id and t.id = w.holder_id
      where w.workspace_id = ${workspaceId} and w.lapses_at > ${now} and not ${isRunInLine(sql)}
        and (w.holder_id = ${run.id} or t.flow_run_id = ${run.id})
    )
    select l.id as limit_id, l.name, l.slot_limit as limit, own.slots, own.waiting, own.since,
      (select coalesce(sum(${slotsOut(sql, now)}), 0)::int from slot_leases s
        where s.workspace_id = l.workspace_id and s.limit_id = l.id and ${isLive(sql, now)}) as active,
      (select count(*)::int from slot_waiters o
        where o.workspace_id = l.workspace_id and o.limit_id = l.id and o.lapses_at > ${now} and (o.since, o.id) < (own.since, own.id)) as ahead
    from own join concurrency_limits l on l.workspace_id = ${workspaceId} and l.id = own.limit_id
    where own.place = 1
    order by own.since, l.id limit 20`
  return Promise.all(
    lines.map(async ({ since, ...line }) => ({
      ...line,
      sinceMicros: microsOf(since) ?? 0,
      holders: await readLeaseHolders(sql, workspaceId, line.limitId, now),
    })),
  )
}
