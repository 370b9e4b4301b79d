import { z } from 'zod'
import type { NewWorkQueue } from '../../control/work-queues/insert-work-queue.ts'
import type { WorkQueueChanges } from '../../control/work-queues/update-work-queue.ts'
import type { RawJson } from '../../domain/state.ts'
import { instant, objectName, tags, uuid } from '../schemas.ts'
import { concurrencyLimit } from '../work-pools/routes.ts'

const description = z.string().max(100_000)
const priority = z.int().min(1).max(2_147_483_647)
const queueFilter = z.object({
  tags: tags.nullish(),
  deployment_ids: z.array(uuid).max(1_000).nullish(),
})

// Safe: it has just been made.
const filterJson = (filter: z.output<typeof queueFilter>): RawJson => JSON.stringify(filter) as RawJson

export const newQueueBody = z.object({
  name: objectName,
  description: description.optional(),
  is_paused: z.boolean().default(false),
  concurrency_limit: concurrencyLimit.optional(),
  priority: priority.optional(),
  filter: queueFilter.optional(),
})

export const newQueueOf = (body: z.output<typeof newQueueBody>): NewWorkQueue => ({
  name: body.name,
  description: body.description ?? '',
  isPaused: body.is_paused,
  concurrencyLimit: body.concurrency_limit ?? null,
  priority: body.priority ?? null,
  filter: body.filter ? filterJson(body.filter) : null,
})

export const queueChangesBody = z.object({
  name: objectName.nullish(),
  description: description.nullish(),
  is_paused: z.boolean().nullish(),
  concurrency_limit: concurrencyLimit.nullish(),
  priority: priority.nullish(),
  filter: queueFilter.nullish(),
  last_polled: instant.nullish(),
})

/** null where a queue always has a value leaves it. */
export const queueChangesOf = (body: z.output<typeof queueChangesBody>): WorkQueueChanges => ({
  ...(body.name ? { name: body.name } : {}),
  ...(body.description === undefined ? {} : { description: body.description ?? '' }),
  ...(typeof body.is_paused === 'boolean' ? { isPaused: body.is_paused } : {}),
  ...(body.concurrency_limit === undefined ? {} : { concurrencyLimit: body.concurrency_limit }),
  ...(body.priority ? { priority: body.priority } : {}),
  ...(body.filter === undefined ? {} : { filter: body.filter ? filterJson(body.filter) : null }),
  ...(body.last_polled ? { lastPolledMicros: body.last_polled } : {}),
})
