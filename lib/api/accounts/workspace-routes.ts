import { z } from 'zod'
import { createWorkspace } from '../../control/accounts/create-workspace.ts'
import { deleteWorkspace } from '../../control/accounts/delete-workspace.ts'
import { listWorkspaces, readWorkspace } from '../../control/accounts/list-workspaces.ts'
import { updateWorkspace } from '../../control/accounts/update-workspace.ts'
import { listMyWorkspaces } from '../../control/users/list-my-workspaces.ts'
import { NotFound } from '../../domain/problem.ts'
import { limit, limitOf, offset } from '../filters/paging.ts'
import { type Route, route } from '../route.ts'
import { uuid } from '../schemas.ts'
import { accountContext } from './account-context.ts'
import { wireWorkspace, workspaceRead } from './wire.ts'

const tag = 'Workspaces'
// Whoever may enter a workspace may know its name: no role is without this scope.
const enter = { in: 'workspace', scope: 'see_flows' } as const
const name = z.string().min(1).max(500)
const handle = z.string().min(1).max(60)
const description = z.string().max(5_000)

const anyOf = <Item extends z.ZodType>(item: Item) =>
  z.strictObject({ any_: z.array(item).max(200).nullish() }).nullish()

const resultSettings = z.object({
  inherit_default_result_storage: z.boolean().catch(true).default(true),
  default_result_storage_block_id: z.uuid().nullable().catch(null).default(null),
})

const create = route({
  method: 'POST',
  path: '/workspaces/',
  permission: { in: 'account', role: 'admin' },
  summary: 'Make a workspace',
  tag,
  body: z.strictObject({ name, handle, description: description.nullish() }),
  nulls: 'keep',
  success: { 201: workspaceRead },
  errors: [409],
  handle: async (call) => {
    const { body } = call
    const made = await createWorkspace(await accountContext(call), {
      ...body,
      description: body.description ?? '',
    })
    return { status: 201, json: wireWorkspace(made) }
  },
})

const filter = route({
  method: 'POST',
  path: '/workspaces/filter',
  permission: { in: 'account', role: 'member' },
  summary: 'Filter the workspaces of an account that I may enter',
  tag,
  body: z.object({
    workspaces: z.strictObject({ id: anyOf(uuid), handle: anyOf(z.string().max(60)) }).nullish(),
    limit,
    offset,
  }),
  bodyOptional: true,
  success: { 200: z.array(workspaceRead) },
  handle: async (call) => {
    const { workspaces, offset: from } = call.body
    const ids = workspaces?.id?.any_
    const handles = workspaces?.handle?.any_
    const rows = await listWorkspaces(await accountContext(call), {
      ...(ids ? { ids } : {}),
      ...(handles ? { handles } : {}),
      limit: limitOf(call.body.limit),
      offset: from,
    })
    return { status: 200, json: rows.map(wireWorkspace) }
  },
})

const find = route({
  method: 'GET',
  path: '/workspaces/{workspace_id}',
  permission: { in: 'actor' },
  summary: 'Find a workspace by its id alone',
  tag,
  params: z.object({ workspace_id: uuid }),
  success: { 307: null },
  handle: async ({ ctx, origin, params }) => {
    const mine = (await listMyWorkspaces(ctx)).find((each) => each.workspaceId === params.workspace_id)
    if (!mine) throw new NotFound('Workspace')
    const path = `/api/accounts/${mine.accountId}/workspaces/${mine.workspaceId}`
    return { status: 307, headers: { location: origin + path } }
  },
})

const read = route({
  method: 'GET',
  path: '',
  permission: enter,
  summary: 'Read a workspace',
  tag,
  success: { 200: workspaceRead },
  handle: async ({ ctx }) => ({ status: 200, json: wireWorkspace(await readWorkspace(ctx)) }),
})

const update = route({
  method: 'PATCH',
  path: '',
  permission: { in: 'workspace', scope: 'write_workspace_settings' },
  summary: 'Change the name, handle or description of a workspace',
  tag,
  body: z.strictObject({
    name: name.nullish(),
    handle: handle.nullish(),
    description: description.nullish(),
    default_workspace_role_id: z.null().optional(),
  }),
  nulls: 'keep',
  success: { 204: null },
  errors: [409],
  handle: async ({ ctx, body }) => {
    await updateWorkspace(ctx, {
      ...(body.name ? { name: body.name } : {}),
      ...(body.handle ? { handle: body.handle } : {}),
      ...(body.description === undefined ? {} : { description: body.description ?? '' }),
    })
    return { status: 204 }
  },
})

const remove = route({
  method: 'DELETE',
  path: '',
  permission: { in: 'workspace', scope: 'manage_workspace_settings' },
  summary: 'Delete a workspace and all that is in it',
  tag,
  success: { 204: null },
  handle: async ({ ctx }) => {
    await deleteWorkspace(ctx)
    return { status: 204 }
  },
})

const readSettings = route({
  method: 'GET',
  path: '/settings',
  permission: { in: 'workspace', scope: 'see_workspace_settings' },
  summary: 'Read the settings of a workspace',
  tag,
  success: { 200: resultSettings },
  handle: async ({ ctx }) => ({
    status: 200,
    json: resultSettings.parse((await readWorkspace(ctx)).settings),
  }),
})

const updateSettings = route({
  method: 'PATCH',
  path: '/settings',
  permission: { in: 'workspace', scope: 'write_workspace_settings' },
  summary: 'Change the settings of a workspace',
  tag,
  body: z.strictObject({
    inherit_default_result_storage: z.boolean().optional(),
    default_result_storage_block_id: uuid.nullish(),
  }),
  nulls: 'keep',
  success: { 204: null },
  handle: async ({ ctx, body }) => {
    await updateWorkspace(ctx, { settings: body })
    return { status: 204 }
  },
})

export const workspaceRoutes: readonly Route[] = [
  create,
  filter,
  find,
  read,
  update,
  remove,
  readSettings,
  updateSettings,
]
