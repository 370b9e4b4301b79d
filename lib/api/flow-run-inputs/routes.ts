import { z } from 'zod'
import { createFlowRunInput } from '../../control/flow-run-inputs/create-flow-run-input.ts'
import { deleteFlowRunInput } from '../../control/flow-run-inputs/delete-flow-run-input.ts'
import { listFlowRunInputs } from '../../control/flow-run-inputs/list-flow-run-inputs.ts'
import { readFlowRunInput } from '../../control/flow-run-inputs/read-flow-run-input.ts'
import type { FlowRunInputRow } from '../../db/rows/flow-run-input.ts'
import { limit, limitOf } from '../filters/paging.ts'
import { route } from '../route.ts'
import { uuid } from '../schemas.ts'

const tag = 'Flow runs'
const see = { in: 'workspace', scope: 'see_flows' } as const
const act = { in: 'workspace', scope: 'run_flows' } as const
const manage = { in: 'workspace', scope: 'manage_flows' } as const
const byId = z.object({ id: uuid })
const byKey = z.object({ id: uuid, key: z.string().max(500) })

const inputAnswer = z
  .object({
    id: z.uuid(),
    created: z.iso.datetime(),
    updated: z.iso.datetime(),
    flow_run_id: z.uuid(),
    key: z.string(),
    value: z.string(),
    sender: z.string().nullable(),
  })
  .meta({ id: 'FlowRunInput' })

const wireInput = (row: FlowRunInputRow): z.output<typeof inputAnswer> => ({
  id: row.id,
  created: row.createdAt,
  updated: row.updatedAt,
  flow_run_id: row.flowRunId,
  key: row.key,
  value: row.value,
  sender: row.sender,
})

const create = route({
  method: 'POST',
  path: '/flow_runs/{id}/input',
  permission: act,
  summary: 'Send an input to a flow run',
  tag,
  params: byId,
  body: z.object({
    key: z
      .string()
      .max(500)
      .regex(/^[a-z0-9-]+$/, 'must be of lower-case letters, digits and dashes'),
    value: z.string().max(5_000_000),
    sender: z.string().max(5_000).optional(),
  }),
  success: { 201: z.null() },
  errors: [409],
  handle: async ({ ctx, params, body }) => {
    await createFlowRunInput(ctx, {
      flowRunId: params.id,
      key: body.key,
      value: body.value,
      sender: body.sender ?? null,
    })
    return { status: 201, rawJson: 'null' }
  },
})

const filter = route({
  method: 'POST',
  path: '/flow_runs/{id}/input/filter',
  permission: see,
  summary: 'List the inputs of a flow run whose keys begin so, the oldest first',
  tag,
  params: byId,
  body: z.object({
    prefix: z.string().max(500),
    limit: limit.meta({ default: 1 }),
    exclude_keys: z.array(z.string().max(500)).max(100_000).default([]),
  }),
  success: { 200: z.array(inputAnswer) },
  handle: async ({ ctx, params, body }) => {
    const rows = await listFlowRunInputs(ctx, {
      flowRunId: params.id,
      prefix: body.prefix,
      excludeKeys: body.exclude_keys,
      limit: limitOf(body.limit ?? 1),
    })
    return { status: 200, json: rows.map(wireInput) }
  },
})

const read = route({
  method: 'GET',
  path: '/flow_runs/{id}/input/{key}',
  permission: see,
  summary: 'Read the value of an input as it was sent',
  tag,
  params: byKey,
  success: { 200: z.string().meta({ contentType: 'text/plain' }) },
  handle: async ({ ctx, params }) => ({
    status: 200,
    headers: { 'content-type': 'text/plain; charset=utf-8' },
    body: await readFlowRunInput(ctx, { flowRunId: params.id, key: params.key }),
  }),
})

const remove = route({
  method: 'DELETE',
  path: '/flow_runs/{id}/input/{key}',
  permission: manage,
  summary: 'Delete an input of a flow run',
  tag,
  params: byKey,
  success: { 204: null },
  handle: async ({ ctx, params }) => {
    await deleteFlowRunInput(ctx, { flowRunId: params.id, key: params.key })
    return { status: 204 }
  },
})

export const flowRunInputRoutes = [create, filter, read, remove]
