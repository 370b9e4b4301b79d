import { isWellFormedKey, KEY_PATTERN, maskKey } from '../../protocol/keys.js'
import { CliError } from '../cli-error.js'
import type { Command } from '../command.js'
import { printResult } from '../output.js'

export const command: Command = {
  usage: 'key verify KEY',
  summary:
    'Checks the checksum in a key without asking anybody. Says nothing about whether it still opens anything.',
  options: {},
  words: [1, 1],
  run: async (call) => {
    const key = call.words[0] ?? ''
    if (isWellFormedKey(key)) return printResult(`${maskKey(key)} is a whole key`)
    throw new CliError(
      KEY_PATTERN.test(key)
        ? 'the checksum does not fit: a character is wrong'
        : 'this has not the form of a key: rgu_ or rgs_ and 33 letters and digits',
    )
  },
}
