import { openWorkspace } from '../../connection/open-workspace.js'
import type { Command } from '../command.js'
import { findFlowRun, flowNames } from '../flow-run.js'
import { factList, localTime, printJson, printResult, shortDuration } from '../output.js'

export const command: Command = {
  usage: 'flow-run inspect ID [--json]',
  summary: 'Shows one flow run, by its id or its name.',
  options: { json: { type: 'boolean', help: 'print JSON' } },
  words: [1, 1],
  run: async (call) => {
    const api = await openWorkspace()
    const run = await findFlowRun(api, call.words[0] ?? '')
    if (call.flag('json')) return printJson(run.raw)
    const names = await flowNames(api, [run.flowId])
    const { parameters, tags, run_count: runCount } = run.raw
    const rows: [string, string][] = [
      ['id', run.id],
      ['name', run.name],
      ['flow', names.get(run.flowId) ?? run.flowId],
      ['state', run.message ? `${run.stateName}: ${run.message}` : run.stateName],
      ['started', localTime(run.startTime)],
      ['ended', localTime(run.endTime)],
      ['took', shortDuration(run.startTime ? run.totalRunTime : null)],
      ['started times', String(runCount ?? 0)],
      ['tags', Array.isArray(tags) && tags.length > 0 ? tags.join(', ') : '-'],
      ['parameters', JSON.stringify(parameters ?? {})],
    ]
    printResult(factList(rows))
  },
}
