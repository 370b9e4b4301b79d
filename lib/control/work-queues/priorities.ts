import type { Transaction } from '../../db/clients.ts'

/** Clients read priorities as integers of 32 bits. */
export const MAX_PRIORITY = 2_147_483_647

/** The first priority that no queue of the pool has. The pool is locked. */
export async function firstFreePriority(
  sql: Transaction,
  workspaceId: string,
  poolId: string,
): Promise<number> {
  const [row] = await sql<{ priority: number }[]>`
    select min(candidate)::int as priority from (
      select 1 as candidate
      union all select q.priority + 1 from work_queues q
      where q.workspace_id = ${workspaceId} and q.work_pool_id = ${poolId} and q.priority < ${MAX_PRIORITY}
    ) candidates
    where not exists (
      select from work_queues o where o.workspace_id = ${workspaceId} and o.work_pool_id = ${poolId} and o.priority = candidate)`
  return row?.priority ?? 1
}

/** Moves the queues at and after a priority one down, when one has it: those after a gap stay. The pool is locked. */
export async function makeRoomAt(
  sql: Transaction,
  workspaceId: string,
  poolId: string,
  priority: number,
  exceptId: string | null,
): Promise<void> {
  await sql`
    with recursive row_of as (
      select priority from work_queues
      where workspace_id = ${workspaceId} and work_pool_id = ${poolId} and priority >= ${priority}
        and id is distinct from ${exceptId}::uuid
    ), shifted as (
      select ${priority}::int as priority where exists (select from row_of r where r.priority = ${priority}::int)
      union
      select s.priority + 1 from shifted s
      where s.priority < ${MAX_PRIORITY} and exists (select from row_of r where r.priority = s.priority + 1)
    )
    update work_queues q set priority = least(q.priority, ${MAX_PRIORITY - 1}) + 1, updated_at = now()
    from shifted s
    where q.workspace_id = ${workspaceId} and q.work_pool_id = ${poolId} and q.priority = s.priority
      and q.id is distinct from ${exceptId}::uuid`
}
