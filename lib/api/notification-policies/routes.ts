import { z } from 'zod'
import {
  createPolicy,
  deletePolicy,
  listPolicies,
  type Policy,
  readPolicy,
  updatePolicy,
} from '../../control/notification-policies/policies.ts'
import { equalFilter } from '../filters/operators.ts'
import { limit, limitOf, offset } from '../filters/paging.ts'
import { route } from '../route.ts'
import { uuid } from '../schemas.ts'

// Asked by 2.x clients alone (wire-contract §3.p).

const tag = 'Flow run notification policies'
const see = { in: 'workspace', scope: 'see_notifications' } as const
const write = { in: 'workspace', scope: 'write_notifications' } as const
const manage = { in: 'workspace', scope: 'manage_notifications' } as const
const byId = z.object({ id: uuid })

/** The names are patterns of the automation that a policy is, where `*` would stand for more than itself. */
const word = z
  .string()
  .min(1)
  .max(200)
  .refine((given) => !given.includes('*'), { message: 'must not hold *' })
const policyBody = z.object({
  is_active: z.boolean().default(true),
  state_names: z.array(word).max(50),
  tags: z.array(word).max(50),
  block_document_id: uuid,
  message_template: z.string().max(5_000).nullish(),
})

const policyAnswer = z
  .object({
    id: z.uuid(),
    created: z.iso.datetime(),
    updated: z.iso.datetime(),
    is_active: z.boolean(),
    state_names: z.array(z.string()),
    tags: z.array(z.string()),
    block_document_id: z.uuid(),
    message_template: z.string().nullable(),
  })
  .meta({ id: 'FlowRunNotificationPolicy' })

const policyJson = (policy: Policy): z.input<typeof policyAnswer> => ({
  id: policy.id,
  created: policy.createdAt,
  updated: policy.updatedAt,
  is_active: policy.isActive,
  state_names: [...policy.stateNames],
  tags: [...policy.tags],
  block_document_id: policy.blockDocumentId,
  message_template: policy.messageTemplate,
})

const create = route({
  method: 'POST',
  path: '/flow_run_notification_policies/',
  permission: write,
  summary: 'Be told when flow runs come to a state',
  tag,
  body: policyBody,
  success: { 201: policyAnswer },
  errors: [404],
  handle: async ({ ctx, body, services }) => ({
    status: 201,
    json: policyJson(
      await createPolicy(ctx, services.engine, {
        isActive: body.is_active,
        stateNames: body.state_names,
        tags: body.tags,
        blockDocumentId: body.block_document_id,
        messageTemplate: body.message_template ?? null,
      }),
    ),
  }),
})

const filter = route({
  method: 'POST',
  path: '/flow_run_notification_policies/filter',
  permission: see,
  summary: 'List flow run notification policies',
  tag,
  body: z.object({
    flow_run_notification_policy_filter: z.object({ is_active: equalFilter.nullish() }).nullish(),
    limit,
    offset,
  }),
  bodyOptional: true,
  success: { 200: z.array(policyAnswer) },
  handle: async ({ ctx, body }) => {
    const policies = await listPolicies(ctx, {
      isActive: body.flow_run_notification_policy_filter?.is_active?.eq_ ?? null,
      limit: limitOf(body.limit),
      offset: body.offset,
    })
    return { status: 200, json: policies.map(policyJson) }
  },
})

const read = route({
  method: 'GET',
  path: '/flow_run_notification_policies/{id}',
  permission: see,
  summary: 'Read a flow run notification policy',
  tag,
  params: byId,
  success: { 200: policyAnswer },
  handle: async ({ ctx, params }) => ({ status: 200, json: policyJson(await readPolicy(ctx, params.id)) }),
})

const update = route({
  method: 'PATCH',
  path: '/flow_run_notification_policies/{id}',
  permission: write,
  summary: 'Change a flow run notification policy',
  tag,
  params: byId,
  body: z.object({
    is_active: z.boolean().nullish(),
    state_names: policyBody.shape.state_names.nullish(),
    tags: policyBody.shape.tags.nullish(),
    block_document_id: uuid.nullish(),
    message_template: policyBody.shape.message_template,
  }),
  nulls: 'keep',
  success: { 204: null },
  handle: async ({ ctx, params, body, services }) => {
    const { is_active, state_names, tags, block_document_id, message_template } = body
    await updatePolicy(ctx, services.engine, params.id, {
      ...(is_active == null ? {} : { isActive: is_active }),
      ...(state_names ? { stateNames: state_names } : {}),
      ...(tags ? { tags } : {}),
      ...(block_document_id ? { blockDocumentId: block_document_id } : {}),
      // null: the usual words again.
      ...(message_template === undefined ? {} : { messageTemplate: message_template }),
    })
    return { status: 204 }
  },
})

const remove = route({
  method: 'DELETE',
  path: '/flow_run_notification_policies/{id}',
  permission: manage,
  summary: 'Delete a flow run notification policy',
  tag,
  params: byId,
  success: { 204: null },
  handle: async ({ ctx, params, services }) => {
    await deletePolicy(ctx, services.engine, params.id)
    return { status: 204 }
  },
})

export const notificationPolicyRoutes = [create, filter, read, update, remove]
