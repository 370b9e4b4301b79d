import { z } from 'zod'
import { checkJinjaOfAutomation } from '../../control/automations/check-actions.ts'
import { createAutomation } from '../../control/automations/create-automation.ts'
import { deleteAutomation, deleteOwnedAutomations } from '../../control/automations/delete-automations.ts'
import {
  automationSorts,
  countAutomations,
  listAutomations,
  listRelatedAutomations,
} from '../../control/automations/list-automations.ts'
import { readAutomation } from '../../control/automations/read-automation.ts'
import { switchAutomation } from '../../control/automations/switch-automation.ts'
import { updateAutomation } from '../../control/automations/update-automation.ts'
import type { AutomationInput } from '../../control/automations/write-automation.ts'
import { rawMember } from '../../domain/raw-json.ts'
import { automationFilter } from '../filters/data-filters.ts'
import { limit, limitOf, offset } from '../filters/paging.ts'
import { route } from '../route.ts'
import { tags, uuid } from '../schemas.ts'
import { actions, actionsOf, noActions } from './action-schema.ts'
import { trigger } from './trigger-schema.ts'
import { automationAnswer, automationJson } from './wire.ts'

const tag = 'Automations'
const see = { in: 'workspace', scope: 'see_automations' } as const
const manage = { in: 'workspace', scope: 'manage_automations' } as const
const byId = z.object({ id: uuid })
const resourceId = z.string().min(1).max(1_000)
const byResource = z.object({ resource: resourceId })
/** The whole of it travels in the events that tell of it. */
const MAX_BYTES = 512 * 1024

const automationUpdate = z.object({
  name: z.string().min(1).max(1_000),
  description: z.string().max(10_000).default(''),
  enabled: z.boolean().default(true),
  tags: tags.default([]),
  trigger,
  actions,
  actions_on_trigger: actions.default([]),
  actions_on_resolve: noActions.default([]),
  labels: z
    .record(z.string(), z.unknown())
    .optional()
    .refine((given) => Object.keys(given ?? {}).length === 0, {
      message: 'Rigel keeps no labels of automations yet; nothing was saved',
    }),
})

const inputOf = (body: z.output<typeof automationUpdate>, rawBody: string): AutomationInput => ({
  name: body.name,
  description: body.description,
  isEnabled: body.enabled,
  tags: [...new Set(body.tags)],
  trigger: body.trigger,
  actions: actionsOf(body.actions, rawMember(rawBody, 'actions')),
  actionsOnTrigger: actionsOf(body.actions_on_trigger, rawMember(rawBody, 'actions_on_trigger')),
})

const create = route({
  method: 'POST',
  path: '/automations/',
  permission: manage,
  summary: 'Create an automation',
  tag,
  body: automationUpdate.extend({ owner_resource: resourceId.optional() }),
  maxBytes: MAX_BYTES,
  success: { 201: automationAnswer },
  errors: [404],
  handle: async ({ ctx, body, rawBody, services }) => {
    const row = await createAutomation(ctx, services.engine, {
      ...inputOf(body, rawBody),
      ownerResource: body.owner_resource ?? null,
    })
    return { status: 201, rawJson: automationJson(ctx, row) }
  },
})

const replace = route({
  method: 'PUT',
  path: '/automations/{id}',
  permission: manage,
  summary: 'Replace an automation, all but its owner; it begins to count anew',
  tag,
  params: byId,
  body: automationUpdate,
  maxBytes: MAX_BYTES,
  success: { 204: null },
  handle: async ({ ctx, params, body, rawBody, services }) => {
    await updateAutomation(ctx, services.engine, params.id, inputOf(body, rawBody))
    return { status: 204 }
  },
})

const enable = route({
  method: 'PATCH',
  path: '/automations/{id}',
  permission: manage,
  summary: 'Pause or resume an automation',
  tag,
  params: byId,
  body: z.object({ enabled: z.boolean().default(true) }),
  success: { 204: null },
  handle: async ({ ctx, params, body, services }) => {
    await switchAutomation(ctx, services.engine, params.id, body.enabled)
    return { status: 204 }
  },
})

const read = route({
  method: 'GET',
  path: '/automations/{id}',
  permission: see,
  summary: 'Read an automation',
  tag,
  params: byId,
  success: { 200: automationAnswer },
  handle: async ({ ctx, params }) => ({
    status: 200,
    rawJson: automationJson(ctx, await readAutomation(ctx, params.id)),
  }),
})

const filter = route({
  method: 'POST',
  path: '/automations/filter',
  permission: see,
  summary: 'List automations',
  tag,
  body: z.object({
    automations: automationFilter.optional(),
    sort: z.enum(automationSorts).default('NAME_ASC'),
    limit,
    offset,
  }),
  bodyOptional: true,
  success: { 200: z.array(automationAnswer) },
  handle: async ({ ctx, body }) => {
    const rows = await listAutomations(ctx, {
      filter: body.automations ?? null,
      sort: body.sort,
      limit: limitOf(body.limit),
      offset: body.offset,
    })
    return { status: 200, rawJson: `[${rows.map((row) => automationJson(ctx, row)).join(',')}]` }
  },
})

const count = route({
  method: 'POST',
  path: '/automations/count',
  permission: see,
  summary: 'Count automations',
  tag,
  body: z.object({ automations: automationFilter.optional() }),
  bodyOptional: true,
  success: { 200: z.int() },
  handle: async ({ ctx, body }) => ({
    status: 200,
    json: await countAutomations(ctx, body.automations ?? null),
  }),
})

/** Asked when a deployment is inspected. */
const related = route({
  method: 'GET',
  path: '/automations/related-to/{resource}',
  permission: see,
  summary: 'List the automations that a resource owns, or that select it',
  tag,
  params: byResource,
  success: { 200: z.array(automationAnswer) },
  handle: async ({ ctx, params }) => {
    const rows = await listRelatedAutomations(ctx, params.resource)
    return { status: 200, rawJson: `[${rows.map((row) => automationJson(ctx, row)).join(',')}]` }
  },
})

const remove = route({
  method: 'DELETE',
  path: '/automations/{id}',
  permission: manage,
  summary: 'Delete an automation',
  tag,
  params: byId,
  success: { 204: null },
  handle: async ({ ctx, params, services }) => {
    await deleteAutomation(ctx, services.engine, params.id)
    return { status: 204 }
  },
})

/** Every deploying client asks for it first, and then makes the triggers of its deployment anew. */
const removeOwned = route({
  method: 'DELETE',
  path: '/automations/owned-by/{resource}',
  permission: manage,
  summary: 'Delete the automations that a resource owns',
  tag,
  params: byResource,
  success: { 202: null },
  handle: async ({ ctx, params, services }) => {
    await deleteOwnedAutomations(ctx, services.engine, params.resource)
    return { status: 202 }
  },
})

/** At both of the paths that clients know. */
const validateAt = (path: '/automations/templates/validate' | '/templates/validate') =>
  route({
    method: 'POST',
    path,
    permission: see,
    summary: 'Check a template that an action would fill in',
    tag,
    body: z.string().max(100_000),
    success: { 204: null },
    handle: ({ body }) => {
      const message = checkJinjaOfAutomation(body)
      if (message === null) return { status: 204 }
      const line = Number(/line (\d+)/i.exec(message)?.[1] ?? 1)
      return {
        status: 422,
        json: { detail: message, exception_message: message, error: { line, message, source: body } },
      }
    },
  })

export const automationRoutes = [
  create,
  filter,
  count,
  validateAt('/automations/templates/validate'),
  validateAt('/templates/validate'),
  related,
  removeOwned,
  read,
  replace,
  enable,
  remove,
]
