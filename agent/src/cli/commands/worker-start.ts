import { hostname } from 'node:os'
import { listenForEnd } from '../../worker/signals.js'
import type { Command } from '../command.js'
import { tell } from '../output.js'

export const command: Command = {
  usage: 'worker start -p POOL [--name NAME] [-q QUEUE]... [--limit N] [--drain-seconds S] [--create-pool]',
  summary: 'Claims runs of a work pool and executes each in a process of its own on this machine.',
  details:
    'On SIGTERM or Ctrl-C it claims nothing more, waits for its runs, and after the drain time stops those that are\n' +
    'left and hands them back. A second signal does not wait, a third kills. The exit code is 0 when all is accounted for.',
  options: {
    pool: { type: 'string', short: 'p', placeholder: 'POOL', help: 'the work pool' },
    name: {
      type: 'string',
      placeholder: 'NAME',
      help: 'name of the worker; default: host name and process id',
    },
    'work-queue': {
      type: 'string',
      short: 'q',
      multiple: true,
      placeholder: 'QUEUE',
      help: 'only this queue of the pool; may be repeated',
    },
    limit: { type: 'string', placeholder: 'N', help: 'runs at a time (1 to 1000, default 10)' },
    'drain-seconds': {
      type: 'string',
      placeholder: 'S',
      help: 'how long runs may take to finish (default 30)',
    },
    'cancel-seconds': {
      type: 'string',
      placeholder: 'S',
      help: 'how long a cancelled run may tidy up before SIGTERM (default 30)',
    },
    'claim-seconds': {
      type: 'string',
      placeholder: 'S',
      help: 'silence after which a run counts as lost (15 to 300, default 45)',
    },
    type: { type: 'string', placeholder: 'TYPE', help: 'type of the work pool (default process)' },
    'create-pool': { type: 'boolean', help: 'make the work pool if there is none' },
  },
  words: [0, 0],
  run: async (call) => {
    const workPool = call.required('pool')
    const limit = call.count('limit', 10, [1, 1000])
    const drainSeconds = call.count('drain-seconds', 30, [0, 86_400])
    const cancelSeconds = call.count('cancel-seconds', 30, [0, 86_400])
    const claimSeconds = call.count('claim-seconds', 45, [15, 300])
    const { openHost } = await import('../../worker/open-host.js')
    const { PoolWorker } = await import('../../worker/pool-worker.js')
    const opened = await openHost()
    const say = (line: string) => tell(`rigel: ${line}`)
    const end = listenForEnd((signal) => say(`${signal}: claiming nothing more`))
    try {
      await new PoolWorker({
        ...opened,
        workPool,
        name: call.text('name') ?? `${hostname()}-${process.pid}`,
        isEphemeral: call.text('name') === undefined,
        type: call.text('type') ?? 'process',
        workQueues: call.texts('work-queue'),
        ...{ limit, drainSeconds, cancelSeconds, claimSeconds, say },
        createPool: call.flag('create-pool'),
      }).run(end)
    } finally {
      end.close()
      await opened.reporter.close()
    }
  },
}
