import { z } from 'zod'
import { deleteFlowRun, deleteFlowRuns } from '../../control/flow-runs/delete-flow-runs.ts'
import { setManyStates } from '../../control/flow-runs/set-many-states.ts'
import { addFlowRunLabels, updateFlowRun } from '../../control/flow-runs/update-flow-run.ts'
import type { EmpiricalPolicy } from '../../domain/orchestration/decide.ts'
import { rawMember } from '../../domain/raw-json.ts'
import { announceDeleted } from '../deleted.ts'
import { bulkLimit, limitOf, MAX_BULK } from '../filters/paging.ts'
import { flowRunFilter } from '../filters/run-filters.ts'
import { route } from '../route.ts'
import { flowRunPolicy, jsonObject, labels, stateCreate, tags, uuid } from '../schemas.ts'
import { proposedState } from './proposal.ts'
import { orchestrationAnswer } from './responses.ts'
import { rawStateData, transitionAnswer } from './write-routes.ts'

const tag = 'Flow runs'
const act = { in: 'workspace', scope: 'run_flows' } as const
const manage = { in: 'workspace', scope: 'manage_flows' } as const
const byId = z.object({ id: uuid })
const text = z.string().max(5_000)

const update = route({
  method: 'PATCH',
  path: '/flow_runs/{id}',
  permission: act,
  summary: 'Change a flow run',
  tag,
  params: byId,
  body: z.object({
    name: text.min(1).nullish(),
    flow_version: text.nullish(),
    parameters: jsonObject.nullish(),
    empirical_policy: flowRunPolicy.nullish(),
    tags: tags.nullish(),
    infrastructure_pid: text.nullish(),
    job_variables: jsonObject.nullish(),
  }),
  nulls: 'keep',
  success: { 204: null },
  errors: [400, 409],
  handle: async ({ ctx, params, body, rawBody }) => {
    const {
      name,
      flow_version,
      parameters,
      empirical_policy,
      tags: given,
      infrastructure_pid,
      job_variables,
    } = body
    await updateFlowRun(ctx, {
      ...params,
      // A run always has a name, parameters, a policy and tags: null leaves them.
      ...(name ? { name } : {}),
      ...(flow_version === undefined ? {} : { flowVersion: flow_version }),
      ...(parameters ? { parameters: raw(rawBody, 'parameters') } : {}),
      ...(empirical_policy ? { empiricalPolicy: empirical_policy as EmpiricalPolicy } : {}),
      ...(given ? { tags: [...new Set(given)] } : {}),
      ...(infrastructure_pid === undefined ? {} : { infrastructurePid: infrastructure_pid }),
      ...(job_variables === undefined
        ? {}
        : { jobVariables: job_variables && raw(rawBody, 'job_variables') }),
    })
    return { status: 204 }
  },
})

/** The exact text of a member that is known to be there. */
const raw = (body: string, member: string) =>
  rawMember(body, member) ?? ('{}' as NonNullable<ReturnType<typeof rawMember>>)

const addLabels = route({
  method: 'PATCH',
  path: '/flow_runs/{id}/labels',
  permission: act,
  summary: 'Add labels to a flow run',
  tag,
  params: byId,
  body: labels,
  nulls: 'keep',
  success: { 204: null },
  handle: async ({ ctx, params, body }) => {
    await addFlowRunLabels(ctx, params.id, body)
    return { status: 204 }
  },
})

const remove = route({
  method: 'DELETE',
  path: '/flow_runs/{id}',
  permission: manage,
  summary: 'Delete a flow run with its task runs, states and logs',
  tag,
  params: byId,
  success: { 204: null },
  handle: async (call) => {
    const { id } = call.params
    await deleteFlowRun(call.ctx, call.services.engine, id)
    announceDeleted(call, 'flow-run', [id])
    return { status: 204 }
  },
})

const bulkDelete = route({
  method: 'POST',
  path: '/flow_runs/bulk_delete',
  permission: manage,
  summary: 'Delete the flow runs that match',
  tag,
  body: z.object({ flow_runs: flowRunFilter, limit: bulkLimit }),
  success: { 200: z.object({ deleted: z.array(z.uuid()) }) },
  handle: async (call) => {
    const { ctx, body, services } = call
    const deleted = await deleteFlowRuns(
      ctx,
      services.engine,
      { flow_runs: body.flow_runs },
      limitOf(body.limit, MAX_BULK),
    )
    announceDeleted(call, 'flow-run', deleted)
    return { status: 200, json: { deleted } }
  },
})

const bulkSetState = route({
  method: 'POST',
  path: '/flow_runs/bulk_set_state',
  permission: act,
  summary: 'Propose a state to the flow runs that match',
  tag,
  body: z.object({
    flow_runs: flowRunFilter,
    state: stateCreate,
    force: z.boolean().default(false),
    limit: bulkLimit,
  }),
  success: {
    200: z.object({ results: z.array(z.object({ flow_run_id: z.uuid(), ...orchestrationAnswer.shape })) }),
  },
  handle: async ({ ctx, body, rawBody, services, client }) => {
    const results = await setManyStates(ctx, services.engine, {
      filters: { flow_runs: body.flow_runs },
      state: proposedState(body.state, rawStateData(body.state, rawBody)),
      policy: body.force ? 'minimal' : 'core',
      limit: limitOf(body.limit, MAX_BULK),
      client,
    })
    const items = results.map(({ flowRunId, result }) => {
      const { rawJson = '{}' } = transitionAnswer(result)
      return `{"flow_run_id":"${flowRunId}",${rawJson.slice(1)}`
    })
    return { status: 200, rawJson: `{"results":[${items.join(',')}]}` }
  },
})

export const flowRunChangeRoutes = [update, addLabels, remove, bulkDelete, bulkSetState]
