// What a load costs: CPU time of processes, and Postgres's own counters.
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import postgres from 'postgres'

// Linux counts a process's CPU time in hundredths of a second.
const microsATick = 10_000

/** The fields of /proc/pid/stat after the name, which may hold anything; undefined when there is no such process. */
function statOf(pid) {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return line.slice(line.lastIndexOf(')') + 2).split(' ')
  } catch {
    return undefined
  }
}

/** CPU time of a process since its start, and of those of its children that have ended. 0 where there is no /proc. */
export function cpuMicrosOf(pid) {
  const fields = statOf(pid)
  if (!fields) return 0
  const [user, system, childUser, childSystem] = fields.slice(11, 15).map(Number)
  return (user + system + childUser + childSystem) * microsATick
}

/** The same with its living children: a postmaster and its backends. */
export function cpuMicrosOfTree(pid) {
  let pids = []
  try {
    pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  } catch {
    return 0
  }
  return pids
    .filter((each) => Number(each) === pid || Number(statOf(each)?.[1]) === pid)
    .reduce((sum, each) => sum + cpuMicrosOf(each), 0)
}

/** Resident memory in MB; NaN where there is no /proc. */
export function residentMegabytes(pid) {
  try {
    const kilobytes = /^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
    return Math.round(Number(kilobytes) / 1024)
  } catch {
    return Number.NaN
  }
}

/**
 * Counts what a database does between `begin` and `end`. Needs the owner of the database.
 * Statements come from pg_stat_statements where it is loaded; everything else is always there.
 */
export async function watchDatabase(url) {
  const sql = postgres(url, { max: 1, onnotice: () => {}, connection: { application_name: 'bench' } })
  const hasStatements = await sql`create extension if not exists pg_stat_statements`.then(
    () => sql`select 1 from pg_stat_statements limit 1`.then(() => true),
    () => false,
  )
  let before
  // Our own reading is a commit each time.
  let reads = 0

  const read = async () => {
    reads++
    const [row] = await sql`
      select pg_current_wal_insert_lsn() - '0/0' as wal,
             (select xact_commit from pg_stat_database where datname = current_database()) as commits,
             (select coalesce(sum(n_tup_upd), 0) from pg_stat_user_tables where relname = 'flow_runs') as updated,
             (select coalesce(sum(n_tup_hot_upd), 0) from pg_stat_user_tables where relname = 'flow_runs') as hot`
    const numbers = Object.fromEntries(Object.entries(row).map(([name, value]) => [name, Number(value)]))
    return { ...numbers, commits: numbers.commits - reads }
  }

  const readStatements = async () => {
    const [row] = await sql`
      select coalesce(sum(calls), 0) as statements, coalesce(sum(total_exec_time), 0) as ms
      from pg_stat_statements
      where dbid = (select oid from pg_database where datname = current_database())
        and query not ilike '%pg_stat_%'`
    return { statements: Number(row.statements), ms: Number(row.ms) }
  }

  /** A backend hands its counts over when it has been idle for a while: wait until they stand still. */
  const readSettled = async (updates) => {
    let last = await read()
    for (let still = 0, tries = 0; still < 3 && tries < 60; tries++) {
      await wait(250)
      const next = await read()
      // Background services commit now and then.
      const moved = Math.abs(next.commits - last.commits) > 2 || next.updated !== last.updated
      const isShort = updates > 0 && before && next.updated - before.updated < updates
      still = moved || isShort ? 0 : still + 1
      last = next
    }
    return last
  }

  return {
    async begin() {
      before = await readSettled(0)
      // After the waiting, during which background services wrote their own.
      if (hasStatements) await sql`select pg_stat_statements_reset()`
      before.wal = (await read()).wal
    },
    async end(requests, updates) {
      const statements = hasStatements ? await readStatements() : undefined
      const { wal } = await read()
      const after = await readSettled(updates)
      const updated = after.updated - before.updated
      return {
        ...(statements
          ? {
              statements: statements.statements / requests,
              statementMicros: (statements.ms * 1000) / requests,
            }
          : {}),
        commits: (after.commits - before.commits) / requests,
        walBytes: Math.round((wal - before.wal) / requests),
        ...(updates > 0 && updated > 0 ? { hotShare: (after.hot - before.hot) / updated } : {}),
      }
    },
    close: () => sql.end({ timeout: 2 }),
  }
}
