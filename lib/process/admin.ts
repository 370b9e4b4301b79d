import { openDataFolder, readConfig } from '../config/config.ts'
import { type BootstrappedTenant, bootstrapTenant } from '../control/accounts/bootstrap-tenant.ts'
import { connectDatabase, type Database } from '../db/clients.ts'
import { Problem } from '../domain/problem.ts'
import { type AdminCommand, parseAdminCommand, UsageError, usage } from './admin-arguments.ts'
import { migrateDatabase } from './check-database.ts'
import { startOwnPostgres } from './own-postgres.ts'
import { migrationsFolder } from './root.ts'
import { readRuntime } from './runtime-file.ts'

interface Reached {
  readonly db: Database
  readonly publicUrl: string
}

/** Works on the database of the running server; without one, on the configured or embedded database for the moment. */
async function withDatabase<Result>(work: (reached: Reached) => Promise<Result>): Promise<Result> {
  // The flags are this tool's own, not the server's.
  const config = readConfig([])
  openDataFolder(config)
  const runtime = readRuntime(config.dataDir)
  const known = runtime?.databaseUrl ?? config.databaseUrl
  const embedded = known ? undefined : await startOwnPostgres(config)
  try {
    const url = known ?? embedded?.url ?? ''
    if (!runtime?.databaseUrl) await migrateDatabase(url, migrationsFolder)
    const db = connectDatabase({ url, poolSize: 1 })
    try {
      return await work({ db, publicUrl: runtime?.publicUrl ?? config.publicUrl })
    } finally {
      await db.close()
    }
  } finally {
    await embedded?.stop()
  }
}

function inWords(tenant: BootstrappedTenant, apiUrl: string): string {
  return [
    `User       ${tenant.userHandle}, ${tenant.accountRole} of ${tenant.accountHandle}`,
    `Workspace  ${tenant.accountHandle}/${tenant.workspaceHandle}, ${tenant.workspaceRole ?? 'no role'}`,
    `API        ${apiUrl}`,
    `API key    ${tenant.apiKey}`,
    '',
    'The key is shown this once. To use it:',
    `  rigel login -k ${tenant.apiKey} --url ${apiUrl.replace(/\/api$/, '')}`,
    '',
  ].join('\n')
}

async function bootstrap(command: Extract<AdminCommand, { name: 'bootstrap' }>): Promise<string> {
  return withDatabase(async ({ db, publicUrl }) => {
    const tenant = await bootstrapTenant(db, {
      userLogin: command.user,
      email: command.email,
      accountHandle: command.account,
      workspaceHandle: command.workspace,
      ...(command['account-role'] ? { accountRole: command['account-role'] } : {}),
      // An operator names the workspace because the user is to work in it.
      memberRole: 'developer',
      ...(command['workspace-role'] ? { workspaceRole: command['workspace-role'] } : {}),
    })
    const apiUrl = `${publicUrl}/api`
    const before = tenant.accountRoleBefore
    if (before !== null && before !== tenant.accountRole)
      // Standard output is the answer; that something was changed is said beside it.
      process.stderr.write(
        `${tenant.userHandle} was ${before} of ${tenant.accountHandle} and is ${tenant.accountRole} from now on.\n`,
      )
    if (!command.json) return inWords(tenant, apiUrl)
    return `${JSON.stringify({
      api_url: apiUrl,
      user_id: tenant.userId,
      account_id: tenant.accountId,
      account_handle: tenant.accountHandle,
      workspace_id: tenant.workspaceId,
      workspace_handle: tenant.workspaceHandle,
      api_key: tenant.apiKey,
      // Whoever states a role reads what it was.
      ...(command['account-role'] && { account_role: tenant.accountRole, account_role_before: before }),
    })}\n`
  })
}

try {
  const command = parseAdminCommand(process.argv.slice(2))
  process.stdout.write(command.name === 'help' ? `${usage}\n` : await bootstrap(command))
} catch (error) {
  const said = error instanceof Error ? error.message : String(error)
  // What a person can act on is a sentence; only a defect shows where it happened.
  const known =
    error instanceof UsageError ||
    error instanceof Problem ||
    (error instanceof Error && error.name === 'ConfigError')
  process.stderr.write(error instanceof UsageError ? `${said}\n\n${usage}\n` : `${said}\n`)
  if (!known && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`)
  process.exitCode = error instanceof UsageError ? 64 : 1
}
