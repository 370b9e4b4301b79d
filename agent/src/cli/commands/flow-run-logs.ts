import { openWorkspace } from '../../connection/open-workspace.js'
import type { Command } from '../command.js'
import { findFlowRun, isOver } from '../flow-run.js'
import { showLogs } from '../show-logs.js'

export const command: Command = {
  usage: 'flow-run logs ID [-f] [--json]',
  summary: 'Prints the log lines of a flow run, oldest first.',
  options: {
    follow: { type: 'boolean', short: 'f', help: 'go on as lines arrive, until the run has ended' },
    json: { type: 'boolean', help: 'print each line as JSON' },
  },
  words: [1, 1],
  run: async (call) => {
    const api = await openWorkspace()
    const run = await findFlowRun(api, call.words[0] ?? '')
    await showLogs(api, run, {
      follow: call.flag('follow'),
      json: call.flag('json'),
      isOver: async () => isOver(await findFlowRun(api, run.id)),
    })
  },
}
