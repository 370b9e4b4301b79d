import type { Sql } from '../db/clients.ts'
import { shareReads } from '../db/coalesce.ts'

/** Runs of a pool that are to stop, by their holders' names. */
export type FindStops = (
  workspaceId: string,
  poolId: string,
  names: readonly string[],
) => Promise<ReadonlyMap<string, readonly string[]>>

/** Who asks while a read of the pool is under way shares the next. */
export function createStopReads(sql: Sql): FindStops {
  const shareStops = shareReads<ReadonlyMap<string, readonly string[]>>()
  /** Whose stops the next read of a pool is to find. */
  const askedStops = new Map<string, Set<string>>()

  return (workspaceId, poolId, names) => {
    const key = `${workspaceId} ${poolId}`
    const asked = askedStops.get(key) ?? new Set()
    askedStops.set(key, asked)
    for (const name of names) asked.add(name)
    return shareStops(key, () => {
      askedStops.delete(key)
      return readStops(sql, workspaceId, poolId, [...asked])
    })
  }
}

async function readStops(
  sql: Sql,
  workspaceId: string,
  poolId: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const rows = await sql<{ runId: string; holderName: string }[]>`
    select c.run_id, c.holder_name from run_claims c
    join flow_runs r on r.workspace_id = c.workspace_id and r.id = c.run_id
    where c.workspace_id = ${workspaceId} and c.work_pool_id = ${poolId} and c.holder_name = any(${[...names]}::text[])
      and r.state_type = 'CANCELLING'`
  const byName = new Map<string, string[]>()
  for (const { runId, holderName } of rows) byName.set(holderName, [...(byName.get(holderName) ?? []), runId])
  return byName
}
