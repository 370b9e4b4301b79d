import { toJson } from '../../record/json.js'
import type { FlowHandle } from '../../sdk/flow-handle.js'
import type { State } from '../../sdk/state.js'
import type { Command } from '../command.js'
import { printJson, tell } from '../output.js'
import { PARAM, readParameters } from '../parameters.js'
import { loadFlow } from '../run-file/load-flow.js'

export const command: Command = {
  usage: 'run FILE[:EXPORT] [-p KEY=VALUE]...',
  summary:
    'Runs a flow from a JavaScript or TypeScript file on this machine and reports it to your workspace.',
  details:
    'The flow is the named export, else the default one, else the only one. A value is read as JSON, and as text\n' +
    'when it is none. What the flow returns is printed to stdout as JSON. The exit code is 0 when it completed.',
  options: {
    param: PARAM,
  },
  words: [1, 1],
  run: async (call) => {
    const parameters = readParameters(call.texts('param'))
    const { handle } = await loadFlow(call.words[0] ?? '')
    noteOtherNames(handle, Object.keys(parameters))
    const state = await handle.runWith(parameters)
    await handle.close()
    const code = showOutcome(state)
    // A function that went on after its timeout, or a pool that nobody closed, must not keep the command open.
    await new Promise<void>((done) => process.stdout.write('', () => done()))
    process.exit(code)
  },
}

/**
 * A flow with one parameter may mean an object by it, `(input: { date: string })`, so that names of its members are right. A
 * mistyped name looks the same from here.
 */
function noteOtherNames({ name, options, parameterNames }: FlowHandle, given: readonly string[]): void {
  const [only, another] = parameterNames
  const others = given.filter((each) => each !== only)
  if (!only || another !== undefined || options.parameters || others.length === 0) return
  tell(
    `Note: flow ${name} has no parameter ${others.join(', ')}; its one parameter, ${only}, gets an object of them`,
  )
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
