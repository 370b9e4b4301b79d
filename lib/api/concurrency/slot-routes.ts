import { z } from 'zod'
import { tagLimitName, tagOf } from '../../control/concurrency-limits/tag-limits.ts'
import { Problem } from '../../domain/problem.ts'
import { locked, type NamedLimit, type SlotAnswer } from '../../engine/slot-orders.ts'
import { route } from '../route.ts'
import { durationSeconds, uuid } from '../schemas.ts'
import { namedLimits } from './wire.ts'

const tag = 'Concurrency limits'
const manage = { in: 'workspace', scope: 'manage_concurrency_limits' } as const
// Tasks take the slots of their tags: whoever may run flows may.
const act = { in: 'workspace', scope: 'run_flows' } as const

const names = z.array(z.string().max(1_000)).max(1_000)
const slots = z
  .int()
  .min(1)
  .max(2 ** 31 - 1)
const mode = z.enum(['concurrency', 'rate_limit']).default('concurrency')
const leaseSeconds = durationSeconds.pipe(z.number().min(60).max(86_400))
const waitSeconds = z.number().min(0).max(30).default(0).meta({
  description:
    'Waits so long for slots to come free before it answers 423, and answers at once when they do.',
})

const take = route({
  method: 'POST',
  path: '/v2/concurrency_limits/increment',
  permission: manage,
  summary: 'Take slots of limits by their names',
  tag,
  body: z.object({
    names,
    slots,
    mode,
    create_if_missing: z.boolean().optional(),
    wait_seconds: waitSeconds,
  }),
  success: { 200: namedLimits },
  errors: [423],
  handle: async ({ workspaceId, body, services, gone }) => {
    const answer = await services.engine.slots.take(
      {
        type: 'take',
        workspaceId,
        names: body.names,
        slots: body.slots,
        mode: body.mode,
        leaseSeconds: null,
        holder: null,
        signal: gone(),
      },
      body.wait_seconds,
    )
    return { status: 200, json: granted(answer).limits }
  },
})

const takeWithLease = route({
  method: 'POST',
  path: '/v2/concurrency_limits/increment-with-lease',
  permission: manage,
  summary: 'Take slots of limits for as long as the lease is renewed',
  tag,
  body: z.object({
    names,
    slots,
    mode,
    lease_duration: leaseSeconds.default(300),
    holder: z.object({ type: z.enum(['flow_run', 'task_run', 'deployment']), id: uuid }).optional(),
    wait_seconds: waitSeconds,
  }),
  success: { 200: z.object({ lease_id: z.uuid(), limits: namedLimits }) },
  errors: [423],
  handle: async ({ workspaceId, body, services, gone }) => {
    const answer = await services.engine.slots.take(
      {
        type: 'take',
        workspaceId,
        names: body.names,
        slots: body.slots,
        mode: body.mode,
        leaseSeconds: body.lease_duration,
        holder: body.holder ?? null,
        signal: gone(),
      },
      body.wait_seconds,
    )
    const { leaseId, limits } = granted(answer)
    return { status: 200, json: { lease_id: leaseId, limits } }
  },
})

const give = route({
  method: 'POST',
  path: '/v2/concurrency_limits/decrement',
  permission: manage,
  summary: 'Give slots back',
  tag,
  body: z.object({
    names,
    slots,
    occupancy_seconds: z.number().positive().optional(),
    create_if_missing: z.boolean().optional(),
  }),
  success: { 200: namedLimits },
  handle: async ({ workspaceId, body, services }) => {
    const answer = await services.engine.slots.settle({
      type: 'give',
      workspaceId,
      names: body.names,
      slots: body.slots,
      occupancySeconds: body.occupancy_seconds ?? null,
    })
    return { status: 200, json: answer.type === 'given' ? answer.limits : [] }
  },
})

const endLease = route({
  method: 'POST',
  path: '/v2/concurrency_limits/decrement-with-lease',
  permission: manage,
  summary: 'End a lease',
  tag,
  body: z.object({ lease_id: uuid }),
  success: { 204: null },
  handle: async ({ workspaceId, body, services }) => {
    await services.engine.slots.settle({ type: 'end', workspaceId, leaseId: body.lease_id })
    return { status: 204 }
  },
})

const renew = route({
  method: 'POST',
  path: '/v2/concurrency_limits/leases/{lease_id}/renew',
  permission: manage,
  summary: 'Renew a lease',
  tag,
  params: z.object({ lease_id: uuid }),
  body: z.object({ lease_duration: leaseSeconds.default(300) }),
  success: { 204: null },
  errors: [410],
  handle: async ({ workspaceId, params, body, services }) => {
    const answer = await services.engine.slots.settle({
      type: 'renew',
      workspaceId,
      leaseId: params.lease_id,
      seconds: body.lease_duration,
    })
    if (answer.type !== 'renewed' || !answer.alive)
      throw new Problem('gone', 'Lease not found - it may have expired or been revoked')
    return { status: 204 }
  },
})

const byTaskRun = z.object({
  names: z.array(z.string().max(990)).max(1_000),
  task_run_id: uuid,
  occupancy_seconds: z.number().optional(),
})

const takeTags = route({
  method: 'POST',
  path: '/concurrency_limits/increment',
  permission: act,
  summary: 'Take slots of tags for a task run',
  tag,
  body: byTaskRun,
  success: { 200: namedLimits },
  errors: [423],
  handle: async ({ workspaceId, body, services, gone }) => {
    const answer = await services.engine.slots.take({
      type: 'take',
      workspaceId,
      names: body.names.map(tagLimitName),
      slots: 1,
      mode: 'concurrency',
      leaseSeconds: null,
      holder: { type: 'task_run', id: body.task_run_id },
      once: true,
      signal: gone(),
    })
    return { status: 200, json: namedByTag(granted(answer).limits) }
  },
})

const giveTags = route({
  method: 'POST',
  path: '/concurrency_limits/decrement',
  permission: act,
  summary: 'Give the slots of tags back that a task run holds',
  tag,
  body: byTaskRun,
  success: { 200: namedLimits },
  handle: async ({ workspaceId, body, services }) => {
    const answer = await services.engine.slots.settle({
      type: 'give-held',
      workspaceId,
      names: body.names.map(tagLimitName),
      holderId: body.task_run_id,
      occupancySeconds: body.occupancy_seconds && body.occupancy_seconds > 0 ? body.occupancy_seconds : null,
    })
    return { status: 200, json: answer.type === 'given' ? namedByTag(answer.limits) : [] }
  },
})

/** Throws the 423 that says when to ask again. */
function granted(answer: SlotAnswer): Extract<SlotAnswer, { type: 'granted' }> {
  if (answer.type === 'denied') throw locked(answer)
  // Nobody reads this.
  if (answer.type === 'withdrawn') throw new Problem('locked', 'Whoever asked for the slots is gone.')
  if (answer.type !== 'granted') throw new Error(`slots that were asked for were ${answer.type}`)
  return answer
}

const namedByTag = (limits: readonly NamedLimit[]): NamedLimit[] =>
  limits.map(({ id, name, limit }) => ({ id, name: tagOf(name) ?? name, limit }))

export const slotRoutes = [take, takeWithLease, give, endLease, renew, takeTags, giveTags]
