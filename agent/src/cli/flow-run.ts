import type { WorkspaceApi } from '../connection/workspace-api.js'
import { type Fields, fieldsOf, textOf } from '../record/fields.js'
import { CliError } from './cli-error.js'

/** A flow run as the commands need it; `raw` is what the server said. */
export interface FlowRunRow {
  readonly id: string
  readonly name: string
  readonly flowId: string
  readonly stateType: string
  readonly stateName: string
  readonly message: string
  readonly deploymentId: string | null
  readonly startTime: string | null
  readonly endTime: string | null
  /** Seconds. */
  readonly totalRunTime: number
  readonly raw: Fields
}

const FINAL_TYPES: readonly string[] = ['COMPLETED', 'FAILED', 'CRASHED', 'CANCELLED']
export const isOver = (run: FlowRunRow): boolean => FINAL_TYPES.includes(run.stateType)

export function readFlowRun(value: unknown): FlowRunRow {
  const raw = fieldsOf(value)
  const state = fieldsOf(raw.state)
  return {
    id: textOf(raw.id),
    name: textOf(raw.name),
    flowId: textOf(raw.flow_id),
    stateType: textOf(raw.state_type) || textOf(state.type),
    stateName: textOf(raw.state_name) || textOf(state.name),
    message: textOf(state.message),
    deploymentId: textOf(raw.deployment_id) || null,
    startTime: textOf(raw.start_time) || null,
    endTime: textOf(raw.end_time) || null,
    totalRunTime: Number(raw.estimated_run_time || raw.total_run_time || 0),
    raw,
  }
}

export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** A run by its id, or by its name (the latest of that name). Throws CliError when there is none. */
export async function findFlowRun(api: WorkspaceApi, idOrName: string): Promise<FlowRunRow> {
  const found = UUID.test(idOrName)
    ? await api.find(`flow_runs/${idOrName}`)
    : (await listFlowRuns(api, { flow_runs: { name: { any_: [idOrName] } }, limit: 1 }))[0]?.raw
  if (!found) throw new CliError(`there is no flow run "${idOrName}" in this workspace`, 'rigel flow-run ls')
  return readFlowRun(found)
}

export async function listFlowRuns(api: WorkspaceApi, filter: Fields): Promise<FlowRunRow[]> {
  const list = await api.post('flow_runs/filter', { sort: 'EXPECTED_START_TIME_DESC', offset: 0, ...filter })
  return Array.isArray(list) ? list.map(readFlowRun) : []
}

/** Flow names by id. */
export async function flowNames(
  api: WorkspaceApi,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (ids.length === 0) return new Map()
  const list = await api.post('flows/filter', { flows: { id: { any_: [...new Set(ids)] } }, limit: 200 })
  return new Map(
    (Array.isArray(list) ? list : []).map(fieldsOf).map((each) => [textOf(each.id), textOf(each.name)]),
  )
}

export interface LogRow {
  readonly id: string
  readonly level: number
  readonly message: string
  readonly timestamp: string
  readonly raw: Fields
}

export function readLog(value: unknown): LogRow {
  const raw = fieldsOf(value)
  return {
    id: textOf(raw.id),
    level: Number(raw.level ?? 20),
    message: textOf(raw.message),
    timestamp: textOf(raw.timestamp),
    raw,
  }
}

/** Answers the path of a run below the workspace. Throws CliError when there is none. */
export const flowRunPath = async (api: WorkspaceApi, idOrName: string): Promise<string> =>
  `flow_runs/${(await findFlowRun(api, idOrName)).id}`
