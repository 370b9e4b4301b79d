import { openDataFolder, readConfig } from '../config/config.ts'
import { migrateDatabase } from './check-database.ts'
import { startOwnPostgres } from './own-postgres.ts'
import { migrationsFolder } from './root.ts'
import { readRuntime } from './runtime-file.ts'

try {
  const config = readConfig()
  openDataFolder(config)
  const running = readRuntime(config.dataDir)?.databaseUrl
  const given = config.databaseUrl ?? running
  const embedded = given ? undefined : await startOwnPostgres(config)
  try {
    const applied = await migrateDatabase(given ?? embedded?.url ?? '', migrationsFolder)
    process.stdout.write(
      `The database is up to date: ${applied} ${applied === 1 ? 'migration' : 'migrations'}.\n`,
    )
  } finally {
    await embedded?.stop()
  }
} catch (error) {
  const said = error instanceof Error ? error.message : String(error)
  process.stderr.write(`The database could not be migrated: ${said}\n`)
  process.exitCode = 1
}
