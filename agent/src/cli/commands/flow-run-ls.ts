import { openWorkspace } from '../../connection/open-workspace.js'
import { STATE_TYPES } from '../../protocol/frames.js'
import { usageError } from '../cli-error.js'
import type { Command } from '../command.js'
import { flowNames, listFlowRuns } from '../flow-run.js'
import { localTime, printJson, printResult, shortDuration, table, tell } from '../output.js'

export const command: Command = {
  usage: 'flow-run ls [--flow NAME] [--state TYPE] [--all] [--limit N] [--json]',
  summary: 'Lists flow runs, latest first; those that are scheduled for later are left out.',
  options: {
    flow: { type: 'string', placeholder: 'NAME', help: 'only runs of this flow' },
    state: {
      type: 'string',
      placeholder: 'TYPE',
      help: `only runs in this state: ${STATE_TYPES.join(', ')}`,
    },
    all: { type: 'boolean', help: 'also what is scheduled for later, as with --state SCHEDULED' },
    limit: { type: 'string', placeholder: 'N', help: 'at most so many (1 to 200, default 15)' },
    json: { type: 'boolean', help: 'print JSON' },
  },
  words: [0, 0],
  run: async (call) => {
    const type = call.text('state')?.toUpperCase()
    if (type !== undefined && !STATE_TYPES.some((each) => each === type)) {
      throw usageError(`there is no state type "${type}". There is: ${STATE_TYPES.join(', ')}`)
    }
    const flow = call.text('flow')
    const limit = call.count('limit', 15, [1, 200])
    const api = await openWorkspace()
    const runs = await listFlowRuns(api, {
      limit,
      ...(flow !== undefined && { flows: { name: { any_: [flow] } } }),
      ...(type !== undefined
        ? { flow_runs: { state: { type: { any_: [type] } } } }
        : !call.flag('all') && { flow_runs: { expected_start_time: { before_: soon() } } }),
    })
    if (call.flag('json')) return printJson(runs.map((run) => run.raw))
    if (runs.length === 0) return tell('There are no such flow runs. To make one: rigel run FILE')
    const names = await flowNames(
      api,
      runs.map((run) => run.flowId),
    )
    printResult(
      table(
        ['ID', 'NAME', 'FLOW', 'STATE', 'STARTED', 'TOOK'],
        runs.map((run) => [
          run.id,
          run.name,
          names.get(run.flowId) ?? '-',
          run.stateName,
          localTime(run.startTime),
          shortDuration(run.startTime ? run.totalRunTime : null),
        ]),
      ),
    )
  },
}

/** The clock here may be behind. */
const soon = (): string => new Date(Date.now() + 60_000).toISOString()
