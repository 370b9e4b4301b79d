import { serveFlow } from '../../worker/serve-flow.js'
import type { Command } from '../command.js'
import { DEPLOY_OPTIONS, readDeployOptions } from '../deploy-options.js'
import { loadFlow } from '../run-file/load-flow.js'

export const command: Command = {
  usage: 'serve FILE[:EXPORT] [-n NAME] [--cron TEXT]... [--limit N]',
  summary: 'Deploys a flow and executes its runs from here, each in a process of its own, until Ctrl-C.',
  details: 'When it ends the deployment is paused, and runs may finish.',
  options: {
    limit: { type: 'string', placeholder: 'N', help: 'runs at a time (1 to 1000, default 10)' },
    'drain-seconds': {
      type: 'string',
      placeholder: 'S',
      help: 'how long runs may take to finish (default 30)',
    },
    ...DEPLOY_OPTIONS,
  },
  words: [1, 1],
  run: async (call) => {
    const limit = call.count('limit', 10, [1, 1000])
    const drainSeconds = call.count('drain-seconds', 30, [0, 86_400])
    const flow = await loadFlow(call.words[0] ?? '')
    await serveFlow(flow.handle, { ...readDeployOptions(call, flow), limit, drainSeconds })
    process.exit(0)
  },
}
