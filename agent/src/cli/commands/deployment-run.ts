import { openWorkspace } from '../../connection/open-workspace.js'
import { fieldsOf, textOf } from '../../record/fields.js'
import { usageError } from '../cli-error.js'
import type { Command } from '../command.js'
import { findDeployment } from '../deployment.js'
import { readFlowRun } from '../flow-run.js'
import { fromNow, printJson, printResult, tell } from '../output.js'
import { PARAM, readParameters } from '../parameters.js'
import { watchFlowRun } from '../watch-flow-run.js'

export const command: Command = {
  usage: 'deployment run DEPLOYMENT [-p KEY=VALUE]... [--at TIME | --in SECONDS] [--watch] [--json]',
  summary: 'Makes a flow run of a deployment, now or later.',
  details:
    'Prints the id of the run. With --watch it follows the log lines until the run has ended, and the exit code is 0\n' +
    'when it completed. A value is read as JSON, and as text when it is none.',
  options: {
    param: PARAM,
    name: { type: 'string', placeholder: 'NAME', help: 'name of the run' },
    at: {
      type: 'string',
      placeholder: 'TIME',
      help: 'start then, such as 2026-08-21T16:00 (your zone) or …Z',
    },
    in: { type: 'string', placeholder: 'SECONDS', help: 'start after so many seconds' },
    watch: { type: 'boolean', short: 'w', help: 'follow the run until it has ended' },
    json: { type: 'boolean', help: 'print the run as JSON' },
  },
  words: [1, 1],
  run: async (call) => {
    const parameters = readParameters(call.texts('param'))
    const startAt = startOf(call.text('at'), call.text('in') && call.count('in', 0, [0, 366 * 86_400]))
    const name = call.text('name')
    const api = await openWorkspace()
    const deployment = await findDeployment(api, call.words[0] ?? '')
    const made = await api.post(`deployments/${deployment.id}/create_flow_run`, {
      parameters,
      ...(name !== undefined && { name }),
      state: {
        type: 'SCHEDULED',
        state_details: { scheduled_time: (startAt ?? new Date()).toISOString() },
      },
    })
    const run = readFlowRun(made)
    if (call.flag('json')) printJson(run.raw)
    else if (!call.flag('watch')) printResult(run.id)
    const due = textOf(fieldsOf(made).expected_start_time)
    const when = startAt && startAt.getTime() > Date.now() ? `, due ${fromNow(due)}` : ''
    tell(`Made run ${run.name} of ${deployment.fullName}${when}`)
    if (call.flag('watch')) return watchFlowRun(api, run)
    tell(`Next: rigel flow-run watch ${run.id}`)
  },
}

function startOf(at: string | undefined, inSeconds: number | '' | undefined): Date | null {
  if (at !== undefined && inSeconds !== undefined) throw usageError('--at and --in exclude each other')
  if (typeof inSeconds === 'number') return new Date(Date.now() + inSeconds * 1000)
  if (at === undefined) return null
  const date = new Date(at)
  if (Number.isNaN(date.getTime()))
    throw usageError(`--at takes a time such as 2026-08-21T16:00, not "${at}"`)
  return date
}
