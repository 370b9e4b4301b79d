import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseConfig } from '../config/config.ts'
import {
  type BootstrapInput,
  type BootstrappedTenant,
  bootstrapTenant,
} from '../control/accounts/bootstrap-tenant.ts'
import type { Database } from '../db/clients.ts'
import { type RunningServer, startServer } from '../process/server.ts'
import { send } from './ask.ts'
import { afterFile } from './cleanup.ts'
import { createDatabase } from './database.ts'

export interface ServerTenant extends BootstrappedTenant {
  /** `http://…/api/accounts/{account}/workspaces/{workspace}` */
  readonly url: string
  /** Below the workspace, with the tenant's key. A body is sent as JSON. */
  readonly call: (method: string, path: string, body?: unknown) => Promise<Response>
}

export interface TestServer {
  /** `http://127.0.0.1:port` */
  readonly url: string
  readonly dataDir: string
  readonly databaseUrl: string
  readonly db: Database
  readonly running: RunningServer
  /** A user, account, workspace and key of its own, made by the verbs that operators use. */
  tenant(overrides?: Partial<BootstrapInput>): Promise<ServerTenant>
  close(): Promise<void>
}

export interface TestServerOptions {
  /** Pages too, as `npm run build` built them. Default: API alone. */
  readonly ui?: boolean
  readonly services?: boolean
  /** One more process on that one's database; close it first. */
  readonly replicaOf?: TestServer
  /** More of the environment, such as GITHUB_ID, GITHUB_SECRET and GITHUB_URL of a stand-in. */
  readonly env?: Readonly<Record<string, string>>
}

/**
 * The real server, in this process, on a free port, over a database of its own. Closed after the file's last test at
 * the latest. One with pages at a time in a process, since Next keeps things of its own on the global object.
 */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const { replicaOf } = options
  const database = replicaOf ? { url: replicaOf.databaseUrl, drop: async () => {} } : await createDatabase()
  const dataDir = mkdtempSync(join(tmpdir(), 'rigel-server-'))
  const flags = [...(options.ui ? [] : ['--no-ui']), ...(options.services === false ? ['--no-services'] : [])]
  const env = {
    PORT: '0',
    DATABASE_URL: database.url,
    RIGEL_DATA_DIR: dataDir,
    LOG_LEVEL: 'error',
    RIGEL_POOL_SIZE: '4',
    ...(replicaOf ? { AUTH_SECRET: replicaOf.running.application.services.authSecret } : {}),
    ...options.env,
  }
  const running = await startServer(parseConfig(env, flags))
  const url = running.config.publicUrl
  const { db } = running.application.services
  let closing: Promise<void> | undefined
  const close = async (): Promise<void> => {
    await running.close()
    await database.drop()
    rmSync(dataDir, { recursive: true, force: true })
  }
  const server: TestServer = {
    url,
    dataDir,
    databaseUrl: database.url,
    db,
    running,
    async tenant(overrides) {
      const name = `t-${randomBytes(5).toString('hex')}`
      const tenant = await bootstrapTenant(db, {
        userLogin: name,
        email: `${name}@example.com`,
        accountHandle: name,
        workspaceHandle: 'main',
        ...overrides,
      })
      const base = `${url}/api/accounts/${tenant.accountId}/workspaces/${tenant.workspaceId}`
      return {
        ...tenant,
        url: base,
        call: (method, path, body) => send({ url: base, apiKey: tenant.apiKey }, method, path, body),
      }
    },
    close: () => {
      closing ??= close()
      return closing
    },
  }
  afterFile(() => server.close())
  return server
}
