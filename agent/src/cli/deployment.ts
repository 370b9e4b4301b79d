import type { WorkspaceApi } from '../connection/workspace-api.js'
import { type Fields, fieldsOf, listOf, textOf } from '../record/fields.js'
import { CliError } from './cli-error.js'
import { UUID } from './flow-run.js'

/** A deployment as the commands need it; `raw` is what the server said. */
export interface DeploymentRow {
  readonly id: string
  /** `flow/deployment` */
  readonly fullName: string
  readonly isPaused: boolean
  readonly status: string
  readonly workPool: string | null
  readonly schedules: readonly Fields[]
  readonly tags: readonly string[]
  readonly raw: Fields
}

/** By id, by `flow/deployment`, or by the deployment's name alone when only one has it. Throws CliError. */
export async function findDeployment(api: WorkspaceApi, reference: string): Promise<DeploymentRow> {
  const at = reference.indexOf('/')
  if (UUID.test(reference)) return readFound(await api.find(`deployments/${reference}`), reference)
  if (at > 0) {
    const [flow, name] = [reference.slice(0, at), reference.slice(at + 1)].map(encodeURIComponent)
    return readFound(await api.find(`deployments/name/${flow}/${name}`), reference)
  }
  const found = await listDeployments(api, { deployments: { name: { any_: [reference] } }, limit: 10 })
  if (found.length > 1) {
    const names = found.map((each) => each.fullName).join(', ')
    throw new CliError(`several deployments are called "${reference}": ${names}. Say which one`)
  }
  return found[0] ?? notThere(reference)
}

const readFound = (value: unknown, reference: string): DeploymentRow =>
  value === null ? notThere(reference) : readDeployment(value)

function notThere(reference: string): never {
  throw new CliError(`there is no deployment "${reference}" in this workspace`, 'rigel deployment ls')
}

export async function listDeployments(api: WorkspaceApi, filter: Fields): Promise<DeploymentRow[]> {
  return listOf(await api.post('deployments/filter', { sort: 'NAME_ASC', ...filter })).map(readDeployment)
}

function readDeployment(value: unknown): DeploymentRow {
  const raw = fieldsOf(value)
  return {
    id: textOf(raw.id),
    fullName: `${textOf(raw.flow_name) || '?'}/${textOf(raw.name)}`,
    isPaused: raw.paused === true,
    status: textOf(raw.status),
    workPool: textOf(raw.work_pool_name) || null,
    schedules: listOf(raw.schedules).map(fieldsOf),
    tags: listOf(raw.tags).map(String),
    raw,
  }
}

/** `cron 0 9 * * * (Europe/Berlin)`, `every 1h 0m`, `rule FREQ=DAILY`. */
export function describeSchedule({ schedule }: Fields): string {
  const { cron, interval, rrule, timezone } = fieldsOf(schedule)
  const zone = textOf(timezone) ? ` (${textOf(timezone)})` : ''
  if (typeof cron === 'string') return `cron ${cron}${zone}`
  if (interval !== undefined && interval !== null) return `every ${interval} s${zone}`
  return `rule ${textOf(rrule).replaceAll('\n', ' ')}${zone}`
}
