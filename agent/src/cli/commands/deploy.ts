import { deployFlow, deployments } from '../../deploy/deploy-flow.js'
import type { Deployment } from '../../deploy/options.js'
import { usageError } from '../cli-error.js'
import type { Command, CommandCall } from '../command.js'
import { DEPLOY_OPTIONS, readDeployOptions } from '../deploy-options.js'
import { printResult, tell } from '../output.js'
import { importFile } from '../run-file/import-file.js'
import { loadFlow, splitTarget } from '../run-file/load-flow.js'

export const command: Command = {
  usage: 'deploy FILE[:EXPORT] [--pool POOL] [-n NAME] [--cron TEXT]... [--param KEY=VALUE]...',
  summary: 'Makes a flow runnable by the workers of a work pool: creates the deployment, or changes it.',
  details:
    'Without a schedule those that it has stay. Prints the id of the deployment. Runs start in the current folder.\n' +
    'Without --pool the file itself says what to deploy: it is loaded, and what flow.deploy() made in it is printed.',
  options: {
    pool: { type: 'string', placeholder: 'POOL', help: 'the work pool' },
    queue: { type: 'string', short: 'q', placeholder: 'QUEUE', help: 'its queue; default: the default one' },
    ...DEPLOY_OPTIONS,
  },
  words: [1, 1],
  run: async (call) => {
    const pool = call.text('pool')
    const made = pool === undefined ? await deployByFile(call) : [await deployByOptions(call, pool)]
    for (const { id } of made) printResult(id)
    for (const { fullName, url } of made) tell(`Deployed ${fullName} ${url}`)
    tell(`Next: rigel deployment run ${quote(made[0]?.fullName ?? '')}`)
    await new Promise<void>((done) => process.stdout.write('', () => done()))
    // Whatever the file has started must not keep the command.
    process.exit(0)
  },
}

async function deployByOptions(call: CommandCall, workPool: string): Promise<Deployment> {
  const workQueue = call.text('queue')
  const flow = await loadFlow(call.words[0] ?? '')
  return deployFlow(flow.handle, {
    ...readDeployOptions(call, flow),
    workPool,
    ...(workQueue !== undefined && { workQueue }),
  })
}

async function deployByFile(call: CommandCall): Promise<readonly Deployment[]> {
  const { file } = splitTarget(call.words[0] ?? '')
  await importFile(file)
  if (deployments.length > 0) return deployments
  throw usageError(
    `${file} deploys nothing by itself, so say which work pool is to run it`,
    `rigel deploy ${call.words[0]} --pool POOL`,
  )
}

const quote = (text: string): string => (/^[\w./-]+$/.test(text) ? text : `"${text}"`)
