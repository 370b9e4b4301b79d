import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { toJson } from '../../record/json.js'
import type { State } from '../../sdk/state.js'
import { CliError, usageError } from '../cli-error.js'
import type { Command } from '../command.js'
import { printJson, tell } from '../output.js'
import { importFile } from '../run-file/import-file.js'
import { pickFlow } from '../run-file/pick-flow.js'

export const command: Command = {
  usage: 'run FILE[:EXPORT] [-p KEY=VALUE]...',
  summary:
    'Runs a flow from a JavaScript or TypeScript file on this machine and reports it to your workspace.',
  details:
    'The flow is the named export, else the default one, else the only one. A value is read as JSON, and as text\n' +
    'when it is none. What the flow returns is printed to stdout as JSON. The exit code is 0 when it completed.',
  options: {
    param: {
      type: 'string',
      short: 'p',
      multiple: true,
      placeholder: 'KEY=VALUE',
      help: 'a parameter; may be repeated',
    },
  },
  words: [1, 1],
  run: async (call) => {
    const { file, wanted } = splitTarget(call.words[0] ?? '')
    const parameters = readParameters(call.texts('param'))
    const { handle } = pickFlow(await importFile(file), file, wanted)
    const state = await handle.runWith(parameters)
    await handle.close()
    const code = showOutcome(state)
    // A function that went on after its timeout, or a pool that nobody closed, must not keep the command open.
    await new Promise<void>((done) => process.stdout.write('', () => done()))
    process.exit(code)
  },
}

function splitTarget(target: string): { file: string; wanted: string | undefined } {
  const [, path = target, wanted] = /^(.*):([A-Za-z_$][\w$]*)$/.exec(target) ?? []
  const file = resolve(existsSync(target) ? target : path)
  if (!existsSync(file)) throw new CliError(`there is no file ${file}`)
  return { file, wanted: existsSync(target) ? undefined : wanted }
}

function readParameters(pairs: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=')
      if (at < 1) throw usageError(`--param takes KEY=VALUE, not "${pair}"`)
      return [pair.slice(0, at), readValue(pair.slice(at + 1))]
    }),
  )
}

function readValue(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function showOutcome(state: State<unknown>): 0 | 1 {
  if (!state.isCompleted()) {
    tell(`rigel: the flow ended ${state.name}${state.message ? `: ${state.message}` : ''}`)
    return 1
  }
  const value = state.result()
  if (value !== undefined) printJson(toJson(value))
  return 0
}
