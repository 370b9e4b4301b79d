import { usageError } from '../cli-error.js'
import type { Command } from '../command.js'

export const command: Command = {
  usage: 'execute',
  summary:
    'Executes one claimed run. Started by "rigel worker start" and by flow.serve(); not meant to be typed.',
  options: {},
  words: [0, 0],
  run: async () => {
    if (!process.send) throw usageError('execute is started by a worker', 'rigel worker start -p POOL')
    const { executeJob } = await import('../../worker/execute.js')
    const code = await executeJob()
    // A function that went on, or a pool that nobody closed, must not keep the process.
    process.exit(code)
  },
}
