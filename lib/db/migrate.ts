import { drizzle } from 'drizzle-orm/postgres-js'
import { migrate as runMigrations } from 'drizzle-orm/postgres-js/migrator'
import postgres from 'postgres'

/** One number for all replicas: only one migrates at a time. */
const MIGRATION_LOCK = 724_853_001

/** What the database's administrator has to do, without its subject: the database. */
export class MissingRole extends Error {
  override readonly name = 'MissingRole'
}

const mayBecomePage = (sql: postgres.Sql): Promise<boolean> =>
  sql
    .begin((inner) => inner`set local role rigel_page`)
    .then(
      () => true,
      () => false,
    )

/**
 * Makes the role with which reads see one workspace, and lets this user become it.
 *
 * The first migration does that too, but not for all: roles are the cluster's and in no dump, so a database that was restored elsewhere
 * or by another user has its tables and not them; and since PostgreSQL 16 whoever makes a role may grant it but not become it.
 */
async function ensureRoles(sql: postgres.Sql): Promise<void> {
  await sql`do $$
    begin
      create role rigel_page nologin;
    exception when duplicate_object or unique_violation or insufficient_privilege then
      null; -- there already, or what follows says what is missing
    end $$`
  if (await mayBecomePage(sql)) return
  const [row] = await sql<{ me: string }[]>`select quote_ident(current_user) as me`
  const me = row?.me ?? 'this user'
  try {
    await sql.unsafe(`grant rigel_page to ${me}`)
    if (await mayBecomePage(sql)) return
  } catch {
    // Said below.
  }
  throw new MissingRole(
    `its user ${me} may not become the role rigel_page, with which Rigel reads; an administrator of the database lets it: ` +
      `create role rigel_page nologin, where there is none, then grant rigel_page to ${me}`,
  )
}

/**
 * Applies what is missing of `folder` (drizzle/*.sql), under a lock, and answers how many migrations there are now.
 * Safe to call from any number of processes at once.
 */
export async function migrate(url: string, folder: string): Promise<number> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    await sql`select pg_advisory_lock(${MIGRATION_LOCK})`
    await ensureRoles(sql)
    await runMigrations(drizzle(sql), { migrationsFolder: folder })
    const [row] = await sql<
      { applied: number }[]
    >`select count(*)::int as applied from drizzle.__drizzle_migrations`
    return row?.applied ?? 0
  } finally {
    await sql.end({ timeout: 5 })
  }
}
