import { parseArgs } from 'node:util'
import { z } from 'zod'
import { accountRoles, workspaceRoles } from '../domain/access/actor.ts'

/** A command line that cannot be carried out; the message says what to type instead. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export const usage = `Usage: npm run admin -- bootstrap --user LOGIN --email E --account HANDLE --workspace HANDLE
                                  [--account-role ${accountRoles.join('|')}]
                                  [--workspace-role ${workspaceRoles.join('|')}] [--json]

Creates or finds the user, the account and the workspace, and issues an API key.
Whoever makes an account owns it; another user joins it as a member, who becomes a
developer in the workspace unless --workspace-role says otherwise. For one who is
there already, --account-role changes the role, but the last owner stays one.
Works while Rigel runs and while it does not. With --json it prints one JSON object
(say \`npm run --silent\` so that npm adds nothing to it).`

const text = z.string().min(1).max(320)

const bootstrapSchema = z.object({
  user: text,
  email: text,
  account: text,
  workspace: text,
  'account-role': z.enum(accountRoles).optional(),
  'workspace-role': z.enum(workspaceRoles).optional(),
  json: z.boolean().default(false),
})

export type AdminCommand =
  | { readonly name: 'help' }
  | ({ readonly name: 'bootstrap' } & z.infer<typeof bootstrapSchema>)

const option = { type: 'string' } as const

function parseOptions(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      strict: true,
      options: {
        user: option,
        email: option,
        account: option,
        workspace: option,
        'account-role': option,
        'workspace-role': option,
        json: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    })
  } catch (error) {
    // Node goes on to explain how to pass what nobody wants to pass.
    const said = error instanceof Error ? error.message : String(error)
    throw new UsageError(`${said.split('. To specify')[0]}.`, { cause: error })
  }
}

export function parseAdminCommand(args: readonly string[]): AdminCommand {
  const { values, positionals } = parseOptions(args)
  const { help, ...options } = values
  if (help || args.length === 0 || positionals[0] === 'help') return { name: 'help' }
  if (positionals.length !== 1 || positionals[0] !== 'bootstrap') {
    throw new UsageError(
      positionals.length === 0
        ? 'Which command? There is one: bootstrap.'
        : `There is no command ${JSON.stringify(positionals.join(' '))}; there is one: bootstrap.`,
    )
  }
  const parsed = bootstrapSchema.safeParse(options)
  if (parsed.success) return { name: 'bootstrap', ...parsed.data }
  const [issue] = parsed.error.issues
  const flag = `--${String(issue?.path[0] ?? '')}`
  if (issue?.code === 'invalid_value') {
    throw new UsageError(`${flag} should be one of ${issue.values.join(', ')}.`)
  }
  const missing = parsed.error.issues.map(({ path }) => `--${String(path[0])}`)
  throw new UsageError(`${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing or empty.`)
}
