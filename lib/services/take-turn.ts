import type { Sql } from '../db/clients.ts'

/**
 * The first two parts of a statement: `last` has the instant `at` of the service's last turn on any replica, if there was one, and
 * `turn` makes it `now`. Replicas wait for each other at this row, so that one of them sees that nobody was there.
 */
export const takeTurn = (sql: Sql, service: string, now: string) => sql`
  last as materialized (
    select at from service_turns where name = ${service} for update
  ), turn as (
    insert into service_turns (name, at) values (${service}, ${now})
    on conflict (name) do update set at = greatest(service_turns.at, excluded.at)
  )`
