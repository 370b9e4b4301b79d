import { deployFlow } from '../../deploy/deploy-flow.js'
import type { Command } from '../command.js'
import { DEPLOY_OPTIONS, readDeployOptions } from '../deploy-options.js'
import { printResult, tell } from '../output.js'
import { loadFlow } from '../run-file/load-flow.js'

export const command: Command = {
  usage: 'deploy FILE[:EXPORT] --pool POOL [-n NAME] [--cron TEXT]... [--param KEY=VALUE]...',
  summary: 'Makes a flow runnable by the workers of a work pool: creates the deployment, or changes it.',
  details:
    'Without a schedule those that it has stay. Prints the id of the deployment. Runs start in the current folder.',
  options: {
    pool: { type: 'string', placeholder: 'POOL', help: 'the work pool' },
    queue: { type: 'string', short: 'q', placeholder: 'QUEUE', help: 'its queue; default: the default one' },
    ...DEPLOY_OPTIONS,
  },
  words: [1, 1],
  run: async (call) => {
    const workPool = call.required('pool')
    const workQueue = call.text('queue')
    const flow = await loadFlow(call.words[0] ?? '')
    const { id, fullName, url } = await deployFlow(flow.handle, {
      ...readDeployOptions(call, flow),
      workPool,
      ...(workQueue !== undefined && { workQueue }),
    })
    printResult(id)
    tell(`Deployed ${fullName} ${url}\nNext: rigel deployment run ${quote(fullName)}`)
    await new Promise<void>((done) => process.stdout.write('', () => done()))
    // Whatever the file has started must not keep the command.
    process.exit(0)
  },
}

const quote = (text: string): string => (/^[\w./-]+$/.test(text) ? text : `"${text}"`)
