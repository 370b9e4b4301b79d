import { openWorkspace } from '../../connection/open-workspace.js'
import type { Command } from '../command.js'
import { confirm, YES } from '../confirm.js'
import { findDeployment } from '../deployment.js'
import { tell } from '../output.js'

export const command: Command = {
  usage: 'deployment delete DEPLOYMENT [--yes]',
  summary: 'Deletes a deployment with its schedules and the runs that have not begun.',
  options: { yes: YES },
  words: [1, 1],
  run: async (call) => {
    const api = await openWorkspace()
    const { id, fullName } = await findDeployment(api, call.words[0] ?? '')
    await confirm(call, `Delete deployment ${fullName} with its schedules and runs that have not begun?`)
    await api.delete(`deployments/${id}`)
    tell(`Deleted deployment ${fullName}`)
  },
}
