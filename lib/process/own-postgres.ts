import { join } from 'node:path'
import { type Config, writingToDataFolder } from '../config/config.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.ts'

/** The embedded Postgres of the data folder, for a tool that needs it for the moment. Throws ConfigError where the disk is full. */
export const startOwnPostgres = (config: Pick<Config, 'dataDir'>): Promise<EmbeddedPostgres> =>
  writingToDataFolder(config, () => startEmbeddedPostgres({ folder: join(config.dataDir, 'postgres') }))
