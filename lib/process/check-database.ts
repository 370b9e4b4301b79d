import postgres from 'postgres'
import { ConfigError, maskValue } from '../config/config.ts'
import { codeOf } from '../config/error-code.ts'
import { MissingRole, migrate } from '../db/migrate.ts'

const oldestMajor = 15

const advice = 'a reachable PostgreSQL 15 or newer, or nothing for the embedded one'

/** Why the first connection failed, in words, where the reason is one that an operator can act on. */
const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'there is no such host',
  EAI_AGAIN: 'its host name cannot be looked up',
  ETIMEDOUT: 'it does not answer',
  CONNECT_TIMEOUT: 'it does not answer',
  CONNECTION_CLOSED: 'it closes the connection',
  '28P01': 'it refuses the password',
  '28000': 'it refuses the user',
  '3D000': 'it has no such database',
  '53300': 'it has no connection left',
}

/**
 * Migrates a database, a configured one that is reached for the first time too. Throws ConfigError where it cannot be reached, is
 * too old, or its user may not do what Rigel needs.
 */
export async function migrateDatabase(url: string, folder: string): Promise<number> {
  await checkDatabase(url)
  try {
    return await migrate(url, folder)
  } catch (error) {
    if (!(error instanceof MissingRole)) throw error
    throw new ConfigError(
      'DATABASE_URL',
      `DATABASE_URL holds ${maskValue('DATABASE_URL', url)}, but ${error.message}.`,
    )
  }
}

/** Refuses a configured database that cannot be reached or is too old, in a sentence. Tries for `patienceMs`. */
export async function checkDatabase(url: string, patienceMs = 10_000): Promise<void> {
  const giveUpAt = performance.now() + patienceMs
  for (;;) {
    const sql = postgres(url, { max: 1, connect_timeout: 5, onnotice: () => {} })
    try {
      const [row] = await sql<{ version: string }[]>`select current_setting('server_version_num') as version`
      const major = Math.floor(Number(row?.version ?? 0) / 10_000)
      if (major >= oldestMajor) return
      throw new ConfigError(
        'DATABASE_URL',
        `DATABASE_URL holds ${maskValue('DATABASE_URL', url)}, which is PostgreSQL ${major}; it should be ${advice}.`,
      )
    } catch (error) {
      if (error instanceof ConfigError) throw error
      const code = codeOf(error) ?? ''
      // A database that starts together with Rigel needs a moment; a wrong password does not get better.
      const mayPass = !/^(28|3D)/.test(code) && code !== 'ENOTFOUND'
      if (!mayPass || performance.now() > giveUpAt) {
        const reason = reasons[code] ?? (error instanceof Error ? error.message : String(error))
        throw new ConfigError(
          'DATABASE_URL',
          `DATABASE_URL holds ${maskValue('DATABASE_URL', url)}, but ${reason}; it should be ${advice}.`,
        )
      }
    } finally {
      await sql.end({ timeout: 1 }).catch(() => undefined)
    }
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}
