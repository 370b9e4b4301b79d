import type { Service } from './service.ts'

/** Deltas folded in one turn: few enough that the transaction stays short. */
const BATCH = 20_000
/** Histories of the last two days are exact to the minute; older ones to the hour. */
const MINUTES_KEPT_HOURS = 48
const LOCK = 724_853_002

/**
 * Folds deltas into minutes, and old minutes into hours. Each run is counted in one of the three tables at any
 * instant, so a reader that sums them is always right. One replica at a time: the others have nothing to add.
 */
export const foldRunCounts: Service = {
  name: 'fold-run-counts',
  everySeconds: 5,
  runOnce: async ({ db }) => {
    const deltas = await foldDeltas(db.engine)
    const minutes = await foldMinutes(db.engine)
    return { counts: { deltas, minutes }, more: deltas === BATCH }
  },
}

type Engine = Parameters<Service['runOnce']>[0]['db']['engine']

async function foldDeltas(sql: Engine): Promise<number> {
  const [row] = await sql<{ folded: number }[]>`
    with mine as materialized (select pg_try_advisory_xact_lock(${LOCK}) as locked),
    taken as (
      delete from run_count_deltas d
      where d.ctid = any (array(select ctid from run_count_deltas where (select locked from mine) limit ${BATCH}))
      returning *
    ),
    summed as (
      select workspace_id, kind, bucket_at, flow_id, deployment_id, state_type, state_name,
             sum(runs) as runs, sum(run_seconds) as run_seconds, sum(late_seconds) as late_seconds
      from taken group by 1, 2, 3, 4, 5, 6, 7
      order by 1, 2, 3, 4, 5, 6, 7
    ),
    folded as (
      insert into run_counts as c (workspace_id, kind, bucket_at, flow_id, deployment_id, state_type, state_name, runs, run_seconds, late_seconds)
      select * from summed where runs <> 0 or run_seconds <> 0 or late_seconds <> 0
      on conflict (workspace_id, kind, bucket_at, flow_id, deployment_id, state_type, state_name) do update
        set runs = c.runs + excluded.runs, run_seconds = c.run_seconds + excluded.run_seconds, late_seconds = c.late_seconds + excluded.late_seconds
    )
    select count(*)::int as folded from taken`
  return row?.folded ?? 0
}

async function foldMinutes(sql: Engine): Promise<number> {
  const [row] = await sql<{ folded: number }[]>`
    with mine as materialized (select pg_try_advisory_xact_lock(${LOCK}) as locked),
    taken as (
      delete from run_counts c
      where c.ctid = any (array(
        select ctid from run_counts
        where (select locked from mine)
          and (bucket_at < date_trunc('hour', now() - make_interval(hours => ${MINUTES_KEPT_HOURS})) or runs = 0)
        limit ${BATCH}))
      returning *
    ),
    summed as (
      select workspace_id, kind, date_trunc('hour', bucket_at) as bucket_at, flow_id, deployment_id, state_type, state_name,
             sum(runs) as runs, sum(run_seconds) as run_seconds, sum(late_seconds) as late_seconds
      from taken where runs <> 0 group by 1, 2, 3, 4, 5, 6, 7
      order by 1, 2, 3, 4, 5, 6, 7
    ),
    folded as (
      insert into run_counts_hourly as c (workspace_id, kind, bucket_at, flow_id, deployment_id, state_type, state_name, runs, run_seconds, late_seconds)
      select * from summed
      on conflict (workspace_id, kind, bucket_at, flow_id, deployment_id, state_type, state_name) do update
        set runs = c.runs + excluded.runs, run_seconds = c.run_seconds + excluded.run_seconds, late_seconds = c.late_seconds + excluded.late_seconds
    )
    select count(*)::int as folded from taken`
  return row?.folded ?? 0
}
