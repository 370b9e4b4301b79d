import { join, relative } from 'node:path'
import {
  type Config,
  ConfigError,
  installConfig,
  openDataFolder,
  resolveAuthSecret,
  withPort,
  writingToDataFolder,
} from '../config/config.ts'
import { codeOf } from '../config/error-code.ts'
import { log } from '../config/log.ts'
import { createSignInLink, signInLinkMinutes } from '../control/users/sign-in-link.ts'
import { migrateDatabase } from './check-database.ts'
import { type Application, composeApplication } from './compose.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.ts'
import { type FrontDoor, listen } from './front-door.ts'
import { type Pages, preparePages } from './pages.ts'
import { migrationsFolder, rootFolder } from './root.ts'
import { readRuntimes, removeRuntime, writeRuntime } from './runtime-file.ts'

/** How long requests that are under way at a shutdown may take. */
const graceMs = 10_000

export interface RunningServer {
  readonly config: Config
  readonly application: Application
  /** A link that signs its first user in, once; undefined where people sign in with GitHub. */
  signInLink(): Promise<string | undefined>
  /** Drains and stops. May be called twice. */
  close(): Promise<void>
}

export interface StartOptions {
  readonly onProgress?: (step: string) => void
}

async function openDoor(config: Config): Promise<FrontDoor> {
  try {
    return await listen(config.host, config.port)
  } catch (error) {
    const code = codeOf(error)
    if (code === 'EADDRINUSE') {
      const other = readRuntimes(config.dataDir).find(({ port }) => port === config.port)
      const who = other ? `Rigel runs there already (process ${other.pid})` : 'another program uses it'
      throw new ConfigError(
        'PORT',
        `PORT ${config.port} of ${config.host} is taken: ${who}. Set PORT to another one, such as ${config.port + 1}, or stop it.`,
      )
    }
    if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
      throw new ConfigError(
        'HOST',
        `HOST holds "${config.host}", which is no address of this machine; it should be one, such as 127.0.0.1.`,
      )
    }
    if (code === 'EACCES') {
      throw new ConfigError(
        'PORT',
        `PORT holds "${config.port}", which this user may not listen on; it should be 1024 or more.`,
      )
    }
    throw error
  }
}

/** Whether what the API stands on is there: asked by load balancers every few seconds. */
async function notReady(application: Application): Promise<string | undefined> {
  return (await application.services.isReady())
    ? undefined
    : 'the database does not answer, or migrations are missing'
}

/** Starts everything that the configuration asks for, and answers when requests are served. */
export async function startServer(wanted: Config, options: StartOptions = {}): Promise<RunningServer> {
  openDataFolder(wanted)
  // Somebody else's disk is somebody else's to name.
  return wanted.databaseUrl
    ? start(wanted, options)
    : writingToDataFolder(wanted, () => start(wanted, options))
}

async function start(wanted: Config, { onProgress }: StartOptions): Promise<RunningServer> {
  const door = await openDoor(wanted)
  const { dataDir, port, publicUrl } = withPort(wanted, door.port)
  const undo: (() => Promise<unknown>)[] = [() => door.close(0), async () => removeRuntime(dataDir)]
  try {
    // From now on tools of this machine know where it will be.
    writeRuntime(dataDir, { port, publicUrl, databaseUrl: null })
    let database: EmbeddedPostgres | undefined
    if (!wanted.databaseUrl) {
      database = await startEmbeddedPostgres({
        folder: join(wanted.dataDir, 'postgres'),
        ...(onProgress ? { onProgress } : {}),
        onError: (message) => log().error(message),
      })
      undo.push(database.stop)
    }
    const databaseUrl = wanted.databaseUrl ?? database?.url ?? ''
    const authSecret = resolveAuthSecret(wanted)
    const config = installConfig({ ...withPort(wanted, door.port), databaseUrl, authSecret })
    const migrations = await migrateDatabase(databaseUrl, migrationsFolder)
    const application = composeApplication({
      config,
      databaseUrl,
      socketPath: database?.socketPath,
      authSecret,
      migrations,
    })
    undo.push(() => application.close())
    let pages: Pages | undefined
    if (config.roles.ui) {
      onProgress?.('Opening the console…')
      pages = await preparePages(config, application.services)
      undo.push(pages.close)
    }
    if (config.roles.services) await application.catchUp()
    door.open({
      ...(config.roles.api ? { api: application.listener, socket: application.acceptSocket } : {}),
      ...(pages && { pages: pages.listener }),
      ...(pages?.acceptSocket && { pagesSocket: pages.acceptSocket }),
      notReady: () => notReady(application),
      metrics: application.metrics.text,
      onRequest: application.metrics.onRequest,
    })
    if (config.roles.services) application.startServices()
    writeRuntime(dataDir, { port, publicUrl, databaseUrl })
    let closing: Promise<void> | undefined
    const close = async (): Promise<void> => {
      removeRuntime(dataDir)
      await Promise.all([application.endStreams('the server is shutting down'), door.close(graceMs)])
      await pages?.close()
      // What was accepted commits before the pools end, and Postgres goes last.
      await application.close()
      await database?.stop()
    }
    return {
      config,
      application,
      signInLink: async () =>
        config.loopback && !config.github && config.roles.ui
          ? createSignInLink(application.services.db, config.publicUrl)
          : undefined,
      close: () => {
        closing ??= close()
        return closing
      },
    }
  } catch (error) {
    for (const step of undo.reverse()) await step().catch(() => undefined)
    throw error
  }
}

/** What is printed when the server is ready. */
export function banner(config: Config, embedded: boolean, signInLink: string | undefined): string {
  const rows: [string, string][] = []
  if (config.roles.ui) rows.push(['Open', config.publicUrl])
  if (signInLink) rows.push(['Sign in', `${signInLink}   (works once, for ${signInLinkMinutes} minutes)`])
  if (config.roles.api) rows.push(['API', `${config.publicUrl}/api`])
  const inClone = relative(rootFolder, config.dataDir)
  const folder = inClone.startsWith('..') ? config.dataDir : inClone
  rows.push(['Data', embedded ? `${folder} (embedded PostgreSQL)` : 'your PostgreSQL'])
  const width = Math.max(...rows.map(([name]) => name.length)) + 3
  return [
    '',
    '  Rigel is ready.',
    '',
    ...rows.map(([name, value]) => `  ${name.padEnd(width)}${value}`),
    '',
    '  Ctrl+C stops it.',
    '',
  ].join('\n')
}
