import { listWorkspaces, requireSignedIn, theOnly } from '../../connection/open-workspace.js'
import { maskKey } from '../../protocol/keys.js'
import { CliError } from '../cli-error.js'
import type { Command } from '../command.js'
import { printJson, printResult, table } from '../output.js'

export const command: Command = {
  usage: 'whoami [--json]',
  summary: 'Shows who is signed in and which workspace runs report to, after asking the control plane.',
  options: { json: { type: 'boolean', help: 'print JSON' } },
  words: [0, 0],
  run: async (call) => {
    const { environment, target } = requireSignedIn()
    const { url, apiKey } = target
    const workspaces = await listWorkspaces(url, apiKey)
    const chosen = target.workspace
      ? workspaces.find((each) => each.workspaceId === target.workspace?.workspaceId)
      : theOnly(workspaces, url)
    if (!chosen) {
      const handles = workspaces.map((each) => each.handle).join(', ') || 'none'
      throw new CliError(
        `the key does not open the chosen workspace. It opens: ${handles}`,
        'rigel workspace ls',
      )
    }
    const keyFrom = environment.apiKey === undefined ? 'profile' : 'RIGEL_API_KEY'
    const user = await readUser(url, apiKey)
    const facts = { user, workspace: chosen.handle, url, key: maskKey(apiKey), key_from: keyFrom }
    if (call.flag('json')) {
      return printJson({ ...facts, account_id: chosen.accountId, workspace_id: chosen.workspaceId })
    }
    printResult(
      table(
        ['USER', 'WORKSPACE', 'URL', 'KEY'],
        [[user ?? '-', chosen.handle, url, `${facts.key} (${keyFrom})`]],
      ),
    )
  },
}

/** The handle behind the key; null when the server does not tell (a service account, an older server). */
async function readUser(url: string, apiKey: string): Promise<string | null> {
  try {
    const answer = await fetch(`${url}/api/me/`, {
      headers: { authorization: `Bearer ${apiKey}` },
      signal: AbortSignal.timeout(5_000),
    })
    if (!answer.ok) return null
    const { handle, email } = (await answer.json()) as { handle?: unknown; email?: unknown }
    return [handle, email].find((each): each is string => typeof each === 'string' && each !== '') ?? null
  } catch {
    return null
  }
}
