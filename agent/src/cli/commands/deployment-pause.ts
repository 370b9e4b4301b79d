import { openWorkspace } from '../../connection/open-workspace.js'
import type { Command } from '../command.js'
import { findDeployment } from '../deployment.js'
import { tell } from '../output.js'

export const pause: Command = {
  usage: 'deployment pause DEPLOYMENT',
  summary: 'Stops scheduling a deployment; runs that were scheduled and have not begun are removed.',
  options: {},
  words: [1, 1],
  run: async (call) => {
    const api = await openWorkspace()
    const { id, fullName } = await findDeployment(api, call.words[0] ?? '')
    await api.post(`deployments/${id}/pause_deployment`, {})
    tell(`Paused ${fullName}. To go on: rigel deployment resume ${fullName}`)
  },
}

export const resume: Command = {
  usage: 'deployment resume DEPLOYMENT',
  summary: 'Schedules a paused deployment again.',
  options: {},
  words: [1, 1],
  run: async (call) => {
    const api = await openWorkspace()
    const { id, fullName } = await findDeployment(api, call.words[0] ?? '')
    await api.post(`deployments/${id}/resume_deployment`, {})
    tell(`Resumed ${fullName}`)
  },
}
