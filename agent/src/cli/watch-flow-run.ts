import type { WorkspaceApi } from '../connection/workspace-api.js'
import { CliError } from './cli-error.js'
import { type FlowRunRow, findFlowRun, isOver } from './flow-run.js'
import { tell } from './output.js'
import { showLogs } from './show-logs.js'

/** Follows a run's states and log lines until it has ended. Throws CliError unless it completed. */
export async function watchFlowRun(api: WorkspaceApi, first: FlowRunRow): Promise<void> {
  let run = first
  let shown = ''
  const show = () => {
    const state = run.message && isOver(run) ? `${run.stateName}: ${run.message}` : run.stateName
    if (state !== shown) tell(`rigel: ${run.name} is ${state}`)
    shown = state
  }
  show()
  await showLogs(api, run, {
    follow: true,
    isOver: async () => {
      run = await findFlowRun(api, run.id)
      show()
      return isOver(run)
    },
  })
  if (run.stateType !== 'COMPLETED') {
    throw new CliError(`the run ended ${run.stateName}`, `rigel flow-run inspect ${run.id}`)
  }
}
