import { createInterface } from 'node:readline/promises'
import { CliError, usageError } from './cli-error.js'
import type { CommandCall, CommandOption } from './command.js'

export const YES: CommandOption = { type: 'boolean', short: 'y', help: 'do not ask' }

/** Asks before what cannot be undone. Throws CliError when the answer is no, or nobody can be asked. */
export async function confirm(call: CommandCall, question: string): Promise<void> {
  if (call.flag('yes')) return
  if (!process.stdin.isTTY || !process.stderr.isTTY) {
    throw usageError(`${question} Nobody can be asked here, so say it with --yes`)
  }
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await lines.question(`${question} [y/N] `)
    if (!/^y(es)?$/i.test(answer.trim())) throw new CliError('nothing was changed')
  } finally {
    lines.close()
  }
}
