import { drizzle } from 'drizzle-orm/postgres-js'
import { migrate as runMigrations } from 'drizzle-orm/postgres-js/migrator'
import postgres from 'postgres'

/** One number for all replicas: only one migrates at a time. */
const MIGRATION_LOCK = 724_853_001

/**
 * Applies what is missing of `folder` (drizzle/*.sql), under a lock, and answers how many migrations there are now.
 * Safe to call from any number of processes at once.
 */
export async function migrate(url: string, folder: string): Promise<number> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    await sql`select pg_advisory_lock(${MIGRATION_LOCK})`
    await runMigrations(drizzle(sql), { migrationsFolder: folder })
    const [row] = await sql<
      { applied: number }[]
    >`select count(*)::int as applied from drizzle.__drizzle_migrations`
    return row?.applied ?? 0
  } finally {
    await sql.end({ timeout: 5 })
  }
}
