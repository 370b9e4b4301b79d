import { listWorkspaces } from '../../connection/open-workspace.js'
import { readEnvironment } from '../../settings/environment.js'
import { readProfile, writeProfile } from '../../settings/profile.js'
import { chooseWorkspace } from '../choose-workspace.js'
import { CliError } from '../cli-error.js'
import type { Command } from '../command.js'
import { tell } from '../output.js'

export const command: Command = {
  usage: 'workspace set [ACCOUNT/WORKSPACE]',
  summary: 'Chooses the workspace that runs on this machine report to. Asks when none is named.',
  options: {},
  words: [0, 1],
  run: async (call) => {
    const { home, apiKey, apiUrl } = readEnvironment()
    const profile = readProfile(home)
    if (!profile && apiKey !== undefined) {
      throw new CliError(
        'RIGEL_API_KEY signs you in here, so there is no profile to change: RIGEL_API_URL says which workspace is meant, as {host}/api/accounts/{id}/workspaces/{id}',
        'rigel workspace ls --json',
      )
    }
    if (!profile) throw new CliError('nobody is signed in on this machine', 'rigel login -k KEY')
    const workspaces = await listWorkspaces(profile.url, profile.apiKey)
    const workspace = await chooseWorkspace(
      workspaces,
      call.words[0],
      undefined,
      (handle) => `rigel workspace set ${handle}`,
    )
    writeProfile(home, { ...profile, workspace })
    tell(`Runs on this machine now report to ${workspace.handle}`)
    if (apiUrl !== undefined) tell('Note: RIGEL_API_URL is set and wins over this')
  },
}
