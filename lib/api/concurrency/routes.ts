import { z } from 'zod'
import { uuidv7 } from '../../db/uuid.ts'
import { route } from '../route.ts'
import { durationSeconds, uuid } from '../schemas.ts'

// Clients take a slot for every tag of every task, whether a limit of that name exists or not, and go on without waiting when the
// answer lists none. Until limits can be made (they come with deployments) that is the whole truth of any workspace.

const tag = 'Concurrency limits'
const manage = { in: 'workspace', scope: 'manage_concurrency_limits' } as const
const act = { in: 'workspace', scope: 'run_flows' } as const

const names = z.array(z.string().max(1_000)).max(1_000)
const slots = z
  .int()
  .min(1)
  .max(2 ** 31 - 1)
const mode = z.enum(['concurrency', 'rate_limit']).default('concurrency')
const leaseSeconds = durationSeconds.pipe(z.number().min(60).max(86_400))
const limits = z.array(z.object({ id: z.uuid(), name: z.string(), limit: z.int() }))

const take = route({
  method: 'POST',
  path: '/v2/concurrency_limits/increment',
  permission: manage,
  summary: 'Take slots of limits by their names',
  tag,
  body: z.object({ names, slots, mode, create_if_missing: z.boolean().optional() }),
  success: { 200: limits },
  errors: [423],
  handle: () => ({ status: 200, json: [] }),
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
  }),
  success: { 200: z.object({ lease_id: z.uuid(), limits }) },
  errors: [423],
  handle: () => ({ status: 200, json: { lease_id: uuidv7(), limits: [] } }),
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
  success: { 200: limits },
  handle: () => ({ status: 200, json: [] }),
})

const endLease = route({
  method: 'POST',
  path: '/v2/concurrency_limits/decrement-with-lease',
  permission: manage,
  summary: 'End a lease',
  tag,
  body: z.object({ lease_id: uuid }),
  success: { 204: null },
  handle: () => ({ status: 204 }),
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
  // A lease on nothing holds nothing that could expire.
  handle: () => ({ status: 204 }),
})

const byTaskRun = z.object({ names, task_run_id: uuid, occupancy_seconds: z.number().optional() })

const takeTags = route({
  method: 'POST',
  path: '/concurrency_limits/increment',
  permission: act,
  summary: 'Take slots of tags for a task run',
  tag,
  body: byTaskRun,
  success: { 200: limits },
  errors: [423],
  handle: () => ({ status: 200, json: [] }),
})

const giveTags = route({
  method: 'POST',
  path: '/concurrency_limits/decrement',
  permission: act,
  summary: 'Give the slots of tags back that a task run holds',
  tag,
  body: byTaskRun,
  success: { 200: limits },
  handle: () => ({ status: 200, json: [] }),
})

export const concurrencyRoutes = [take, takeWithLease, give, endLease, renew, takeTags, giveTags]
