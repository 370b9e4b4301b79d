import { z } from 'zod'
import { createVariable } from '../../control/variables/create-variable.ts'
import { deleteVariable } from '../../control/variables/delete-variable.ts'
import { countVariables, listVariables, variableSorts } from '../../control/variables/list-variables.ts'
import { readVariable } from '../../control/variables/read-variable.ts'
import { updateVariable } from '../../control/variables/update-variable.ts'
import { rawMember } from '../../domain/raw-json.ts'
import type { RawJson } from '../../domain/state.ts'
import { variableFilter } from '../filters/data-filters.ts'
import { limit, limitOf, offset } from '../filters/paging.ts'
import { route } from '../route.ts'
import { jsonValue, tags, uuid } from '../schemas.ts'
import { variableAnswer, variableJson } from './wire.ts'

const tag = 'Variables'
const see = { in: 'workspace', scope: 'see_variables' } as const
const write = { in: 'workspace', scope: 'write_variables' } as const
const manage = { in: 'workspace', scope: 'manage_variables' } as const
const byId = z.object({ id: uuid })
const byName = z.object({ name: z.string().max(500) })
const NULL = 'null' as RawJson

const variableName = z
  .string()
  .max(255)
  .regex(/^[a-z0-9_]+$/, 'must be of lower-case letters, digits and underscores')

const create = route({
  method: 'POST',
  path: '/variables/',
  permission: write,
  summary: 'Create a variable',
  tag,
  body: z.object({ name: variableName, value: jsonValue, tags: tags.nullish() }),
  // null is a value like any other.
  nulls: 'keep',
  success: { 201: variableAnswer },
  errors: [409],
  handle: async ({ ctx, body, rawBody, services }) => {
    const row = await createVariable(ctx, services.engine, {
      name: body.name,
      value: rawMember(rawBody, 'value') ?? NULL,
      tags: body.tags ?? [],
    })
    return { status: 201, rawJson: variableJson(row) }
  },
})

const read = route({
  method: 'GET',
  path: '/variables/{id}',
  permission: see,
  summary: 'Read a variable',
  tag,
  params: byId,
  success: { 200: variableAnswer },
  handle: async ({ ctx, params }) => ({
    status: 200,
    rawJson: variableJson(await readVariable(ctx, params)),
  }),
})

const readByName = route({
  method: 'GET',
  path: '/variables/name/{name}',
  permission: see,
  summary: 'Read a variable by its name',
  tag,
  params: byName,
  success: { 200: variableAnswer },
  errors: [404],
  handle: async ({ ctx, params }) => ({
    status: 200,
    rawJson: variableJson(await readVariable(ctx, params)),
  }),
})

const filter = route({
  method: 'POST',
  path: '/variables/filter',
  permission: see,
  summary: 'List variables',
  tag,
  body: z.object({
    variables: variableFilter.optional(),
    sort: z.enum(variableSorts).default('NAME_ASC'),
    limit,
    offset,
  }),
  bodyOptional: true,
  success: { 200: z.array(variableAnswer) },
  handle: async ({ ctx, body }) => {
    const rows = await listVariables(ctx, {
      filter: body.variables ?? null,
      sort: body.sort,
      limit: limitOf(body.limit),
      offset: body.offset,
    })
    return { status: 200, rawJson: `[${rows.map(variableJson).join(',')}]` }
  },
})

const count = route({
  method: 'POST',
  path: '/variables/count',
  permission: see,
  summary: 'Count variables',
  tag,
  body: z.object({ variables: variableFilter.optional() }),
  bodyOptional: true,
  success: { 200: z.int() },
  handle: async ({ ctx, body }) => ({ status: 200, json: await countVariables(ctx, body.variables ?? null) }),
})

const variableChanges = z.object({
  name: variableName.nullish(),
  value: z.unknown().optional(),
  tags: tags.nullish(),
})

/** A variable always has a name and tags: null leaves them. As the value, null is one. */
const changesOf = (body: z.output<typeof variableChanges>, rawBody: string) => ({
  ...(body.name ? { name: body.name } : {}),
  ...(body.value === undefined ? {} : { value: rawMember(rawBody, 'value') ?? NULL }),
  ...(body.tags ? { tags: body.tags } : {}),
})

const update = route({
  method: 'PATCH',
  path: '/variables/{id}',
  permission: write,
  summary: 'Change a variable',
  tag,
  params: byId,
  body: variableChanges,
  nulls: 'keep',
  success: { 204: null },
  errors: [409],
  handle: async ({ ctx, params, body, rawBody, services }) => {
    await updateVariable(ctx, services.engine, params, changesOf(body, rawBody))
    return { status: 204 }
  },
})

const updateByName = route({
  method: 'PATCH',
  path: '/variables/name/{name}',
  permission: write,
  summary: 'Change a variable by its name',
  tag,
  params: byName,
  body: variableChanges,
  nulls: 'keep',
  success: { 204: null },
  errors: [404, 409],
  handle: async ({ ctx, params, body, rawBody, services }) => {
    await updateVariable(ctx, services.engine, params, changesOf(body, rawBody))
    return { status: 204 }
  },
})

const remove = route({
  method: 'DELETE',
  path: '/variables/{id}',
  permission: manage,
  summary: 'Delete a variable',
  tag,
  params: byId,
  success: { 204: null },
  handle: async ({ ctx, params, services }) => {
    await deleteVariable(ctx, services.engine, params)
    return { status: 204 }
  },
})

const removeByName = route({
  method: 'DELETE',
  path: '/variables/name/{name}',
  permission: manage,
  summary: 'Delete a variable by its name',
  tag,
  params: byName,
  success: { 204: null },
  errors: [404],
  handle: async ({ ctx, params, services }) => {
    await deleteVariable(ctx, services.engine, params)
    return { status: 204 }
  },
})

export const variableRoutes = [
  create,
  filter,
  count,
  readByName,
  updateByName,
  removeByName,
  read,
  update,
  remove,
]
