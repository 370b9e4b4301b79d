import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chownSync,
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import postgres from 'postgres'
import { z } from 'zod'
import { UserList, withFolderLock } from './folder-lock.mjs'
import {
  findPostgresBinaries,
  findPostgresOwner,
  type PostgresBinaries,
  type PostgresOwner,
  planLaunch,
} from './postgres-binaries.ts'
import { commandLine, isAlive } from './process-identity.mjs'

export interface EmbeddedPostgres {
  /** Of the database, with the password. */
  readonly url: string
  readonly port: number
  /** Its Unix-domain socket, which costs less CPU a statement than loopback TCP; undefined where the system has none, or its path is too long. */
  readonly socketPath: string | undefined
  /** The postmaster was running already: another process's, or left behind by one that died. */
  readonly adopted: boolean
  /** Lets go of it; Postgres itself stops, cleanly, when no other process uses it. May be called twice. */
  stop(): Promise<void>
}

export interface EmbeddedPostgresOptions {
  /** Holds data, log and password. Made when missing. */
  readonly folder: string
  readonly database?: string
  /** Go over the ones below. */
  readonly settings?: Readonly<Record<string, string>>
  /** Throw-away data: nothing waits for the disk. */
  readonly volatile?: boolean
  /** Said before the slow steps. */
  readonly onProgress?: (step: string) => void
  readonly onError?: (message: string) => void
}

/** For a small machine that also runs everything else. Durability is what Postgres promises by default, on purpose. */
const smallMachine = {
  shared_buffers: '256MB',
  effective_cache_size: '1GB',
  work_mem: '16MB',
  maintenance_work_mem: '128MB',
  wal_level: 'replica',
  max_wal_size: '2GB',
  min_wal_size: '160MB',
  // Full page images after every checkpoint are most of the log of a write-heavy minute.
  checkpoint_timeout: '15min',
  checkpoint_completion_target: '0.9',
  max_connections: '100',
  // Short queries only: compiling them and planning for a spinning disk both cost more than they give.
  jit: 'off',
  random_page_cost: '1.1',
  fsync: 'on',
  synchronous_commit: 'on',
  // Run tables are updated in place all day; vacuum little and often.
  autovacuum_naptime: '15s',
  autovacuum_vacuum_scale_factor: '0.05',
  // Queries are written so that statistics hardly matter, and a table that grows quickly would be analysed every time.
  autovacuum_analyze_scale_factor: '0.5',
  timezone: 'UTC',
  log_timezone: 'UTC',
  lc_messages: 'C',
} as const satisfies Record<string, string>

const throwAway = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  shared_buffers: '128MB',
  max_connections: '300',
} as const satisfies Record<string, string>

const user = 'rigel'
const maxLogBytes = 10_000_000
const startTimeoutMs = 60_000

const accessSchema = z.object({
  port: z.number().int().min(1).max(65_535),
  password: z.string().min(16).max(200),
})
type Access = z.infer<typeof accessSchema>

interface Cluster {
  readonly folder: string
  readonly data: string
  readonly log: string
  readonly access: string
  readonly binaries: PostgresBinaries
  readonly owner: PostgresOwner | undefined
  readonly options: EmbeddedPostgresOptions
}

function openCluster(options: EmbeddedPostgresOptions): Cluster {
  const { folder } = options
  mkdirSync(folder, { recursive: true })
  return {
    folder,
    data: join(folder, 'data'),
    log: join(folder, 'postgres.log'),
    access: join(folder, 'access.json'),
    binaries: findPostgresBinaries(),
    owner: findPostgresOwner(),
    options,
  }
}

export function findFreePort(host = '127.0.0.1'): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, host, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

function writeOwnFile(path: string, content: string): void {
  const fresh = `${path}.new`
  rmSync(fresh, { force: true })
  writeFileSync(fresh, content, { mode: 0o600, flush: true })
  renameSync(fresh, path)
}

function readAccess(cluster: Cluster): Access | undefined {
  if (!existsSync(cluster.access)) return undefined
  return accessSchema.parse(JSON.parse(readFileSync(cluster.access, 'utf8')))
}

function urlOf(access: Access, database: string): string {
  return `postgres://${user}:${access.password}@127.0.0.1:${access.port}/${database}`
}

/** The end of Postgres's own log, for messages about why it did not start. */
function logTail(cluster: Cluster, sinceByte = 0): string {
  const text = readFileSync(cluster.log).subarray(sinceByte).toString('utf8')
  return text.trim().split('\n').slice(-12).join('\n')
}

function run(cluster: Cluster, program: string, args: readonly string[]): Promise<void> {
  const launch = planLaunch(program, args, cluster.data, cluster.owner)
  return new Promise((resolve, reject) => {
    const child = spawn(launch.command, launch.args, { uid: launch.uid, gid: launch.gid, cwd: '/' })
    let output = ''
    const keep = (chunk: Buffer) => {
      output = (output + chunk.toString('utf8')).slice(-4000)
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.once('error', reject)
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`${program} ended with ${code}:\n${output.trim()}`)),
    )
  })
}

/** Makes the data folder under another name first: one that exists under its own name is whole. */
async function initialise(cluster: Cluster): Promise<Access> {
  cluster.options.onProgress?.('Preparing the database (once)…')
  const access = readAccess(cluster) ?? {
    port: await findFreePort(),
    password: randomBytes(24).toString('base64url'),
  }
  writeOwnFile(cluster.access, JSON.stringify(access))
  const making = `${cluster.data}.new`
  const passwordFile = `${cluster.data}.password`
  rmSync(making, { recursive: true, force: true })
  mkdirSync(making, { mode: 0o700 })
  writeOwnFile(passwordFile, `${access.password}\n`)
  if (cluster.owner) {
    chownSync(making, cluster.owner.uid, cluster.owner.gid)
    chownSync(passwordFile, cluster.owner.uid, cluster.owner.gid)
  }
  try {
    await run(cluster, cluster.binaries.initdb, [
      `--pgdata=${making}`,
      `--username=${user}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      // Built in, so that text sorts alike on every machine and an upgrade of the system's library breaks no index.
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--locale=C',
      ...(cluster.options.volatile ? ['--no-sync'] : []),
    ])
  } finally {
    rmSync(passwordFile, { force: true })
  }
  renameSync(making, cluster.data)
  return access
}

const socketPathOf = (cluster: Cluster, port: number): string => join(cluster.data, `.s.PGSQL.${port}`)

/** A socket's path may have some 100 bytes only, which a deep project folder goes beyond; a comma would separate folders. */
function mayHaveSocket(cluster: Cluster, port: number): boolean {
  const path = socketPathOf(cluster, port)
  return process.platform !== 'win32' && Buffer.byteLength(path) <= 100 && !path.includes(',')
}

interface PostmasterFile {
  readonly pid: number
  readonly port: number
  /** What the postmaster says of itself. */
  readonly status: string
}

function readPostmasterFile(cluster: Cluster): PostmasterFile | undefined {
  try {
    const lines = readFileSync(join(cluster.data, 'postmaster.pid'), 'utf8').split('\n')
    const pid = Number(lines[0])
    if (!Number.isInteger(pid) || pid <= 1) return undefined
    return { pid, port: Number(lines[3]), status: (lines[7] ?? '').trim() }
  } catch {
    return undefined
  }
}

/** The postmaster of this data folder, if one runs. Its file may be stale, and its number another process's by now. */
function findPostmaster(cluster: Cluster): PostmasterFile | undefined {
  const file = readPostmasterFile(cluster)
  if (!file || !isAlive(file.pid)) return undefined
  const line = commandLine(file.pid)
  return line === '' || (line.includes('postgres') && line.includes(cluster.data)) ? file : undefined
}

async function answers(url: string): Promise<boolean> {
  const sql = postgres(url, { max: 1, connect_timeout: 5, onnotice: () => {} })
  try {
    await sql`select 1`
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === '28P01') {
      throw new Error('The embedded Postgres does not accept the password kept beside its data.', {
        cause: error,
      })
    }
    return false
  } finally {
    await sql.end({ timeout: 1 }).catch(() => undefined)
  }
}

async function waitUntil(condition: () => boolean | Promise<boolean>, timeoutMs: number): Promise<boolean> {
  const giveUpAt = performance.now() + timeoutMs
  while (!(await condition())) {
    if (performance.now() > giveUpAt) return false
    await wait(20)
  }
  return true
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It ended in the meantime, which is what was wanted.
  }
}

/**
 * Ends a postmaster: a fast shutdown, which writes a checkpoint, and only after 30 s one that leaves recovery to the next start.
 * Postgres's own log keeps either safe.
 */
async function endPostmaster(pid: number): Promise<void> {
  signal(pid, 'SIGINT')
  if (await waitUntil(() => !isAlive(pid), 30_000)) return
  signal(pid, 'SIGQUIT')
  if (await waitUntil(() => !isAlive(pid), 10_000)) return
  throw new Error(`The embedded Postgres (process ${pid}) does not stop.`)
}

type Launched = { readonly pid: number } | { readonly failure: string }

async function launch(cluster: Cluster, port: number): Promise<Launched> {
  const { binaries, options } = cluster
  const settings: Record<string, string> = {
    ...smallMachine,
    ...(binaries.hasStatementStatistics && !options.volatile
      ? { shared_preload_libraries: 'pg_stat_statements' }
      : {}),
    ...(options.volatile ? throwAway : {}),
    ...options.settings,
    listen_addresses: '127.0.0.1',
    port: String(port),
    // In the data folder, which is closed to everybody else.
    unix_socket_directories: mayHaveSocket(cluster, port) ? cluster.data : '',
  }
  const args = [
    '-D',
    cluster.data,
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ]
  const plan = planLaunch(binaries.postgres, args, cluster.data, cluster.owner)
  const log = openSync(cluster.log, 'a', 0o600)
  let logStart = statSync(cluster.log).size
  if (logStart > maxLogBytes) {
    ftruncateSync(log, 0)
    logStart = 0
  }
  // A session of its own: Ctrl+C in the terminal must reach the server alone, which needs the database to drain.
  const child = spawn(plan.command, plan.args, {
    uid: plan.uid,
    gid: plan.gid,
    cwd: '/',
    detached: true,
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  let ended: string | undefined
  child.once('error', (error) => {
    ended = error.message
  })
  child.once('exit', (code, name) => {
    ended ??= `ended with ${name ?? code}`
  })
  child.unref()
  const isReady = () => {
    const file = readPostmasterFile(cluster)
    return file?.pid === child.pid && file?.status === 'ready'
  }
  const finished = await waitUntil(() => ended !== undefined || isReady(), startTimeoutMs)
  if (ended === undefined && finished && child.pid !== undefined) return { pid: child.pid }
  if (ended === undefined && child.pid !== undefined) await endPostmaster(child.pid)
  return {
    failure: `${ended ?? `was not ready after ${startTimeoutMs / 1000} s`}\n${logTail(cluster, logStart)}`,
  }
}

/** Starts a postmaster, on the kept port if it is still free. */
async function startPostmaster(cluster: Cluster, kept: Access): Promise<{ pid: number; access: Access }> {
  let access = kept
  let lastFailure = ''
  for (let attempt = 1; attempt <= 20; attempt++) {
    // Nobody's, or it would have been found: its number may belong to any other process now, which Postgres cannot tell.
    rmSync(join(cluster.data, 'postmaster.pid'), { force: true })
    rmSync(`${socketPathOf(cluster, access.port)}.lock`, { force: true })
    const launched = await launch(cluster, access.port)
    if ('pid' in launched) return { pid: launched.pid, access }
    lastFailure = launched.failure
    if (/could not bind|Address (already )?in use/i.test(lastFailure)) {
      access = { ...access, port: await findFreePort() }
      writeOwnFile(cluster.access, JSON.stringify(access))
    } else if (/shared memory block .* is still in use/i.test(lastFailure)) {
      // The postmaster was killed and its children have not noticed yet.
      await wait(500)
    } else break
  }
  throw new Error(`The embedded Postgres did not start: it ${lastFailure}\nIts log is ${cluster.log}.`)
}

function refuseOtherVersion(cluster: Cluster): void {
  const made = readFileSync(join(cluster.data, 'PG_VERSION'), 'utf8').trim()
  const supported = '18'
  if (made === supported) return
  throw new Error(
    `The data in ${cluster.data} was made by PostgreSQL ${made}, but this version of Rigel comes with ${supported}. ` +
      'Dump it with the old version and load it into the new one, or go back to the old version of Rigel.',
  )
}

async function ensureDatabase(access: Access, name: string): Promise<void> {
  const sql = postgres(urlOf(access, 'postgres'), { max: 1, onnotice: () => {} })
  try {
    const found = await sql`select from pg_database where datname = ${name}`
    if (found.length === 0) await sql`create database ${sql(name)}`
  } finally {
    await sql.end({ timeout: 5 })
  }
}

/** Finds the cluster running, or whole on disk, or not there yet, and answers with it running. Under the folder's lock. */
async function bringUp(cluster: Cluster): Promise<{ pid: number; access: Access; adopted: boolean }> {
  if (!existsSync(join(cluster.data, 'PG_VERSION'))) await initialise(cluster)
  const access = readAccess(cluster)
  if (!access) {
    throw new Error(
      `The password of the embedded Postgres is gone (${cluster.access}); restore that file from a backup.`,
    )
  }
  refuseOtherVersion(cluster)
  const running = findPostmaster(cluster)
  if (running) {
    // The process that started it died, or shares it. A recovery or a shutdown under way gets its time.
    const found = { ...access, port: running.port || access.port }
    const ready = await waitUntil(
      async () => !isAlive(running.pid) || (await answers(urlOf(found, 'postgres'))),
      30_000,
    )
    if (isAlive(running.pid)) {
      if (ready) return { pid: running.pid, access: found, adopted: true }
      await endPostmaster(running.pid)
    }
  }
  cluster.options.onProgress?.('Starting the database…')
  return { ...(await startPostmaster(cluster, access)), adopted: false }
}

/**
 * The embedded Postgres of a folder, running.
 *
 * Any number of processes may call this for one folder at once: one starts it, the others join, and the last to stop
 * stops it. After a crash of the process (kill -9) the next call adopts the postmaster that was left behind.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const database = options.database ?? 'rigel'
  const cluster = openCluster(options)
  const users = new UserList(join(options.folder, 'users'))
  const started = await withFolderLock(options.folder, async () => {
    const up = await bringUp(cluster)
    await ensureDatabase(up.access, database)
    users.add()
    return up
  })
  let { pid } = started
  let stopping: Promise<void> | undefined

  // Postgres hardly ever dies, but the system's memory killer may pick it: bring it back where clients look for it.
  let reviving = false
  const watch = setInterval(() => {
    if (isAlive(pid) || stopping || reviving) return
    reviving = true
    options.onError?.('The embedded Postgres has died; starting it again.')
    withFolderLock(options.folder, async () => {
      if (!stopping) pid = (await bringUp(cluster)).pid
    })
      .catch((error: unknown) =>
        options.onError?.(`The embedded Postgres could not be started again: ${error}`),
      )
      .finally(() => {
        reviving = false
      })
  }, 2_000)
  watch.unref()

  const stop = async (): Promise<void> => {
    clearInterval(watch)
    await withFolderLock(options.folder, async () => {
      users.remove()
      if (users.others().length > 0) return
      const running = findPostmaster(cluster)
      if (running) await endPostmaster(running.pid)
    })
  }
  const socketPath = socketPathOf(cluster, started.access.port)
  return {
    url: urlOf(started.access, database),
    port: started.access.port,
    // One that was adopted may have been started without.
    socketPath: existsSync(socketPath) ? socketPath : undefined,
    adopted: started.adopted,
    stop: () => {
      stopping ??= stop()
      return stopping
    },
  }
}
