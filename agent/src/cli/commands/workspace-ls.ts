import { listWorkspaces, requireSignedIn } from '../../connection/open-workspace.js'
import type { Command } from '../command.js'
import { printJson, printResult, table, tell } from '../output.js'

export const command: Command = {
  usage: 'workspace ls [--json]',
  summary: 'Lists the workspaces that your key opens; the chosen one has a star.',
  options: { json: { type: 'boolean', help: 'print JSON' } },
  words: [0, 0],
  run: async (call) => {
    const { target } = requireSignedIn()
    const workspaces = await listWorkspaces(target.url, target.apiKey)
    const chosen = target.workspace?.workspaceId
    if (call.flag('json')) {
      return printJson(
        workspaces.map(({ handle, accountId, workspaceId }) => ({
          handle,
          account_id: accountId,
          workspace_id: workspaceId,
          chosen: workspaceId === chosen,
        })),
      )
    }
    if (workspaces.length === 0) return tell('There is no workspace for this key')
    printResult(
      table(
        ['', 'WORKSPACE', 'ID'],
        workspaces.map((each) => [each.workspaceId === chosen ? '*' : '', each.handle, each.workspaceId]),
      ),
    )
  },
}
