import { randomUUID } from 'node:crypto'
import { openWorkspace } from '../../connection/open-workspace.js'
import type { WorkspaceApi } from '../../connection/workspace-api.js'
import { fieldsOf, textOf } from '../../record/fields.js'
import { CliError } from '../cli-error.js'
import type { Command } from '../command.js'
import { confirm, YES } from '../confirm.js'
import { type FlowRunRow, findFlowRun, isOver } from '../flow-run.js'
import { tell } from '../output.js'
import { readValue } from '../parameters.js'
import { watchFlowRun } from '../watch-flow-run.js'

interface Verdict {
  readonly status: string
  readonly reason: string
  readonly stateName: string
  readonly stateType: string
}

async function propose(api: WorkspaceApi, path: string, body: object): Promise<Verdict> {
  const answer = fieldsOf(await api.post(path, body))
  const state = fieldsOf(answer.state)
  return {
    status: textOf(answer.status),
    reason: textOf(fieldsOf(answer.details).reason),
    stateName: textOf(state.name),
    stateType: textOf(state.type),
  }
}

const setState = (api: WorkspaceApi, run: FlowRunRow, state: object): Promise<Verdict> =>
  propose(api, `flow_runs/${run.id}/set_state`, { state })

function refused(run: FlowRunRow, what: string, { reason, status }: Verdict): CliError {
  return new CliError(
    `${run.name} (${run.stateName}) was not ${what}: ${reason || status}`,
    `rigel flow-run explain ${run.id}`,
  )
}

const WATCH = { type: 'boolean', short: 'w', help: 'follow the run until it has ended' } as const

export const cancel: Command = {
  usage: 'flow-run cancel ID [--watch]',
  summary: 'Asks a flow run to stop; one that has not begun is cancelled at once.',
  options: { watch: WATCH },
  words: [1, 1],
  run: async (call) => {
    const api = await openWorkspace()
    const run = await findFlowRun(api, call.words[0] ?? '')
    if (isOver(run)) throw new CliError(`${run.name} has ended ${run.stateName} already`)
    const message = 'Cancelled from the command line'
    const verdict = await setState(api, run, { type: 'CANCELLING', name: 'Cancelling', message })
    if (verdict.stateType === 'CANCELLED') return tell(`Cancelled ${run.name}`)
    if (verdict.status !== 'ACCEPT' && verdict.stateType !== 'CANCELLING')
      throw refused(run, 'cancelled', verdict)
    tell(`Asked ${run.name} to stop`)
    if (!call.flag('watch')) return tell(`Next: rigel flow-run watch ${run.id}`)
    await watchFlowRun(api, run).catch((error) => {
      // That it ended so is what was wanted.
      if (!(error instanceof CliError) || !error.message.includes('Cancelled')) throw error
    })
  },
}

export const retry: Command = {
  usage: 'flow-run retry ID [--watch]',
  summary: 'Runs a flow run that has ended once more, under the same id.',
  options: { watch: WATCH },
  words: [1, 1],
  run: async (call) => {
    const api = await openWorkspace()
    const run = await findFlowRun(api, call.words[0] ?? '')
    if (!isOver(run)) throw new CliError(`${run.name} has not ended: it is ${run.stateName}`)
    if (run.deploymentId === null) {
      throw new CliError(
        `${run.name} was not made by a deployment, so no worker could run it. Run its file again`,
        'rigel run FILE',
      )
    }
    const verdict = await setState(api, run, {
      type: 'SCHEDULED',
      name: 'AwaitingRetry',
      message: 'To be run again, from the command line',
      state_details: { scheduled_time: new Date().toISOString() },
    })
    if (verdict.status !== 'ACCEPT') throw refused(run, 'scheduled again', verdict)
    tell(`${run.name} waits to be run again`)
    if (call.flag('watch')) return watchFlowRun(api, await findFlowRun(api, run.id))
    tell(`Next: rigel flow-run watch ${run.id}`)
  },
}

export const pause: Command = {
  usage: 'flow-run pause ID [--timeout SECONDS]',
  summary: 'Pauses a running flow run, if its client knows pauses; it fails unless resumed in time.',
  options: {
    timeout: { type: 'string', placeholder: 'SECONDS', help: 'how long it may stay paused (default 3600)' },
  },
  words: [1, 1],
  run: async (call) => {
    const seconds = call.count('timeout', 3_600, [1, 366 * 86_400])
    const api = await openWorkspace()
    const run = await findFlowRun(api, call.words[0] ?? '')
    const verdict = await setState(api, run, {
      type: 'PAUSED',
      name: 'Paused',
      state_details: {
        pause_timeout: new Date(Date.now() + seconds * 1000).toISOString(),
        pause_reschedule: false,
        pause_key: randomUUID(),
      },
    })
    if (verdict.status !== 'ACCEPT') throw refused(run, 'paused', verdict)
    tell(`Paused ${run.name}. To go on: rigel flow-run resume ${run.id}`)
  },
}

export const resume: Command = {
  usage: 'flow-run resume ID [--input JSON]',
  summary: 'Lets a paused or suspended flow run go on, with what it waits for.',
  options: { input: { type: 'string', placeholder: 'JSON', help: 'the input that the run asked for' } },
  words: [1, 1],
  run: async (call) => {
    const input = call.text('input')
    const api = await openWorkspace()
    const run = await findFlowRun(api, call.words[0] ?? '')
    const verdict = await propose(api, `flow_runs/${run.id}/resume`, {
      ...(input !== undefined && { run_input: readValue(input) }),
    })
    if (verdict.status !== 'ACCEPT') throw refused(run, 'resumed', verdict)
    tell(`${run.name} goes on`)
  },
}

export const remove: Command = {
  usage: 'flow-run delete ID [--yes]',
  summary: 'Deletes a flow run with its states, task runs and log lines.',
  options: { yes: YES },
  words: [1, 1],
  run: async (call) => {
    const api = await openWorkspace()
    const run = await findFlowRun(api, call.words[0] ?? '')
    const isAlive = !isOver(run) && run.stateType !== 'SCHEDULED'
    const warning = isAlive ? ` It is ${run.stateName}, and its process is not stopped by that.` : ''
    await confirm(call, `Delete flow run ${run.name} with its task runs and log lines?${warning}`)
    await api.delete(`flow_runs/${run.id}`)
    tell(`Deleted flow run ${run.name}`)
  },
}

export const watch: Command = {
  usage: 'flow-run watch ID',
  summary: 'Follows the states and log lines of a flow run until it has ended.',
  details: 'The exit code is 0 when it completed.',
  options: {},
  words: [1, 1],
  run: async (call) => {
    const api = await openWorkspace()
    await watchFlowRun(api, await findFlowRun(api, call.words[0] ?? ''))
  },
}
