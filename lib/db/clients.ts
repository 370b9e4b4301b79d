import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import type { RawJson } from '../domain/state.ts'

/** Every value type that a query may carry beyond postgres.js's own. */
export type Types = { rawJson: RawJson }
export type Sql = postgres.Sql<Types>
export type Transaction = postgres.TransactionSql<Types>
export type Queryable = Sql | Transaction

export interface Database {
  /** Acts as the owner, whom row-level security does not bind: batch writers and services, which carry the tenant in every row. */
  readonly engine: Sql
  /** Acts as rigel_page, which sees only the workspace set for the transaction. Use it through `inWorkspace`. */
  readonly page: Sql
  /** Everyday queries on global tables (users, accounts, keys), as the owner. */
  readonly orm: PostgresJsDatabase
  close(): Promise<void>
}

/** `2026-08-21 16:27:33.1234+00` as the wire has it: `2026-08-21T16:27:33.1234Z`. Sessions run in UTC. */
const instantText = (text: string): string =>
  text.endsWith('+00') ? `${text.slice(0, 10)}T${text.slice(11, -3)}Z` : text

// Instants stay text, since a Date would drop their microseconds; `json` stays raw, since JSON.parse would round large numbers.
const types = {
  date: {
    to: 1184,
    from: [1184],
    serialize: (value: unknown) => (value instanceof Date ? value.toISOString() : String(value)),
    parse: instantText,
  },
  json: { to: 114, from: [114], serialize: (value: unknown) => String(value), parse: (text: string) => text },
  jsonb: {
    to: 3802,
    from: [3802],
    serialize: (value: unknown) => JSON.stringify(value),
    parse: (text: string) => JSON.parse(text) as unknown,
  },
  bigint: {
    to: 20,
    from: [20],
    serialize: (value: unknown) => String(value),
    parse: (text: string) => Number(text),
  },
}

export interface ClientOptions {
  readonly url: string
  /** The server's Unix-domain socket, where it is on this machine: about a fifth less CPU a statement than loopback TCP. */
  readonly socketPath?: string | undefined
  /** Connections of the engine pool; the page pool has as many. Default 8. */
  readonly poolSize?: number
  readonly onNotice?: (notice: postgres.Notice) => void
}

export function connectDatabase({ url, socketPath, poolSize = 8, onNotice }: ClientOptions): Database {
  const common = {
    ...(socketPath ? { path: socketPath } : {}),
    onnotice: onNotice ?? (() => {}),
    max: poolSize,
    idle_timeout: 60,
    types,
    transform: { column: { from: postgres.toCamel } },
  }
  const session = { TimeZone: 'UTC', jit: 'off', application_name: 'rigel' }
  // `off`, not `false`: postgres.js leaves out what is false.
  const engine = postgres(url, {
    ...common,
    // Batches join a recordset of unknown size to large tables: the only good plan is one index probe a row.
    connection: { ...session, enable_hashjoin: 'off', enable_mergejoin: 'off', enable_seqscan: 'off' },
  }) as unknown as Sql
  const page = postgres(url, {
    ...common,
    // Statistics of young tables mislead the planner into reading them whole; every list has an index to follow.
    connection: { ...session, role: 'rigel_page', enable_seqscan: 'off' },
  }) as unknown as Sql
  const everyday = postgres(url, { ...common, max: 4, types: {}, connection: session })
  return {
    engine,
    page,
    orm: drizzle(everyday),
    close: async () => {
      await Promise.all([engine, page, everyday].map((sql) => sql.end({ timeout: 5 })))
    },
  }
}
