import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import type { TestProject } from 'vitest/node'
import { migrate } from '../db/migrate.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../process/embedded-postgres.ts'
import { identifyProcess, isAlive, stillRuns } from '../process/process-identity.mjs'
import { migrationsFolder } from '../process/root.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** Of the cluster's own database, whose user may make others. */
    readonly testClusterUrl: string
  }
}

export const templateDatabase = 'rigel_template'

const prefix = 'rigel-test-'

/** Ends and removes what a run left behind that was killed before its teardown. */
function sweep(): void {
  for (const name of readdirSync(tmpdir())) {
    if (!name.startsWith(prefix)) continue
    const folder = join(tmpdir(), name)
    try {
      const { pid, startedAt } = JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8'))
      if (stillRuns({ pid, startedAt })) continue
      const postmaster = Number.parseInt(
        readFileSync(join(folder, 'postgres', 'data', 'postmaster.pid'), 'utf8'),
        10,
      )
      if (isAlive(postmaster)) process.kill(postmaster, 'SIGQUIT')
    } catch {
      // Half made, or its postmaster is gone already. A run that starts right now has no file yet: leave its folder.
      continue
    }
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Cluster {
  readonly folder: string
  readonly server: EmbeddedPostgres
}

async function start(): Promise<Cluster> {
  sweep()
  const folder = mkdtempSync(join(tmpdir(), prefix))
  writeFileSync(join(folder, 'run.json'), JSON.stringify(identifyProcess(process.pid)))
  const server = await startEmbeddedPostgres({
    folder: join(folder, 'postgres'),
    database: templateDatabase,
    volatile: true,
  })
  await migrate(server.url, migrationsFolder)
  return { folder, server }
}

/** Projects of one run share the cluster: the first to come starts it, the last to go stops it. */
const sharedKey = Symbol.for('rigel.test-cluster')
const shared = globalThis as { [sharedKey]?: { users: number; cluster: Promise<Cluster> } }

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  shared[sharedKey] ??= { users: 0, cluster: start() }
  const held = shared[sharedKey]
  held.users++
  const { server, folder } = await held.cluster
  project.provide('testClusterUrl', server.url.replace(/\/[^/]*$/, '/postgres'))
  return async () => {
    if (--held.users > 0) return
    delete shared[sharedKey]
    await dropTestDatabases(server.url.replace(/\/[^/]*$/, '/postgres'))
    await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Cuts off clients that a failed test left behind, so that the shutdown waits for nobody. */
async function dropTestDatabases(url: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    await sql`select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname is not null`
  } finally {
    await sql.end({ timeout: 2 })
  }
}
