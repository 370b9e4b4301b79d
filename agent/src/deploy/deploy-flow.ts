import { requireSignedIn, type SignedIn, workspaceOf } from '../connection/open-workspace.js'
import { ApiRefusal, WorkspaceApi } from '../connection/workspace-api.js'
import { parametersToJson } from '../record/json.js'
import type { FlowHandle } from '../sdk/flow-handle.js'
import { isHosted } from '../settings/hosted.js'
import { deploymentPage, workspaceApiUrl } from '../settings/target.js'
import { entrypointOf } from './entrypoint.js'
import type { Deployment, DeployOptions, ServeOptions } from './options.js'
import { parameterSchema } from './parameter-schema.js'
import { scheduleBody } from './schedules.js'

/** Labels and job variables by which workers know what the deployment wants of them. */
export const ON_LOST_LABEL = 'rigel.on-lost'

export interface Deployed extends Deployment {
  readonly api: WorkspaceApi
}

/** What this process has deployed, in that order. */
export const deployments: Deployment[] = []

/** Creates or changes the deployment. In a process that executes one run nothing happens: its file is only loaded. */
export async function deployFlow(flow: FlowHandle, options: DeployOptions): Promise<Deployment> {
  if (isHosted()) return { id: '', fullName: `${flow.name}/${options.name}`, url: '' }
  const { api: _, ...deployment } = await upsertDeployment(flow, options, {
    work_pool_name: options.workPool,
    ...(options.workQueue !== undefined && { work_queue_name: options.workQueue }),
    job_variables: options.jobVariables ?? {},
    ...(options.paused !== undefined && { paused: options.paused }),
  }).catch((error) => {
    const isPoolMissing = error instanceof ApiRefusal && /^work pool/i.test(error.message)
    if (!isPoolMissing || error.status !== 404) throw error
    throw new ApiRefusal(404, error.message, `rigel work-pool create ${options.workPool}`)
  })
  deployments.push(deployment)
  return deployment
}

/** `more`: the fields in which deployed and served flows differ. */
export async function upsertDeployment(
  flow: FlowHandle,
  options: DeployOptions | ServeOptions,
  more: Readonly<Record<string, unknown>>,
  signedIn: SignedIn = requireSignedIn(),
): Promise<Deployed> {
  checkName(options.name)
  const { target } = signedIn
  const { accountId, workspaceId } = await workspaceOf(signedIn)
  const api = new WorkspaceApi(workspaceApiUrl(target.url, accountId, workspaceId), target.apiKey)
  const made = (await api.post('flows/', { name: flow.name })) as { id: string }
  const body = { ...bodyOf(flow, options), ...more }
  const known = await findDeployment(api, flow.name, options.name)
  const id = known?.id ?? (await createDeployment(api, { name: options.name, flow_id: made.id, ...body }))
  if (known) await api.patch(`deployments/${id}`, keepSchedules(body, options))
  return {
    id,
    fullName: `${flow.name}/${options.name}`,
    url: deploymentPage(target.url, accountId, workspaceId, id),
    api,
  }
}

function checkName(name: unknown): void {
  if (typeof name === 'string' && name.trim() !== '' && !/[/%&<>]/.test(name)) return
  throw new TypeError('a deployment needs a name without / % & < >, such as { name: "nightly" }')
}

function bodyOf(flow: FlowHandle, options: DeployOptions | ServeOptions): Record<string, unknown> {
  const { schema, isExact } = parameterSchema(flow.options.parameters, flow.parameterNames)
  const { path, entrypoint } = entrypointOf(flow, options)
  const version = options.version ?? flow.options.version
  return {
    entrypoint,
    path,
    pull_steps: null,
    parameters: parametersToJson(options.parameters ?? {}),
    parameter_openapi_schema: schema,
    enforce_parameter_schema: options.enforceParameters ?? isExact,
    tags: [...(options.tags ?? flow.options.tags ?? [])],
    description: options.description ?? null,
    ...(version !== undefined && { version }),
    schedules: (options.schedules ?? []).map(scheduleBody),
    ...limitOf(options.concurrencyLimit),
    labels: { 'rigel.agent': 'typescript', [ON_LOST_LABEL]: options.onLost ?? 'crash' },
  }
}

function limitOf(limit: DeployOptions['concurrencyLimit']): Record<string, unknown> {
  if (limit === undefined) return {}
  if (typeof limit === 'number') return { concurrency_limit: limit }
  return {
    concurrency_limit: limit.limit,
    concurrency_options: { collision_strategy: limit.collision },
  }
}

/** Schedules that somebody added in the console stay when the code names none. */
const keepSchedules = (
  { schedules, ...rest }: Record<string, unknown>,
  options: DeployOptions | ServeOptions,
) => (options.schedules === undefined ? rest : { schedules, ...rest })

async function findDeployment(api: WorkspaceApi, flow: string, name: string): Promise<{ id: string } | null> {
  const path = `deployments/name/${encodeURIComponent(flow)}/${encodeURIComponent(name)}`
  return (await api.find(path)) as { id: string } | null
}

const createDeployment = async (api: WorkspaceApi, body: object): Promise<string> =>
  ((await api.post('deployments/', body)) as { id: string }).id
