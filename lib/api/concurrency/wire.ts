import { z } from 'zod'
import type { HeldSlots } from '../../control/concurrency-limits/list-slots.ts'
import type { SlotWaiter } from '../../control/concurrency-limits/list-waiters.ts'
import { tagOf } from '../../control/concurrency-limits/tag-limits.ts'
import type { ConcurrencyLimitRow } from '../../db/rows/concurrency-limit.ts'

const made = { id: z.uuid(), created: z.iso.datetime(), updated: z.iso.datetime() }

export const limitAnswer = z
  .object({
    ...made,
    name: z.string(),
    limit: z.int(),
    active: z.boolean(),
    active_slots: z.int(),
    denied_slots: z.int(),
    slot_decay_per_second: z.number(),
    avg_slot_occupancy_seconds: z.number(),
  })
  .meta({ id: 'ConcurrencyLimitV2' })

export const limitWire = (row: ConcurrencyLimitRow): z.input<typeof limitAnswer> => ({
  id: row.id,
  created: row.createdAt,
  updated: row.updatedAt,
  name: row.name,
  limit: row.slotLimit,
  active: row.active,
  active_slots: row.activeSlots,
  denied_slots: row.deniedSlots,
  slot_decay_per_second: row.slotDecayPerSecond,
  avg_slot_occupancy_seconds: row.averageOccupancySeconds,
})

export const tagLimitAnswer = z
  .object({
    ...made,
    tag: z.string(),
    concurrency_limit: z.int(),
    active_slots: z.array(z.uuid()).meta({ description: 'The task runs that hold a slot.' }),
  })
  .meta({ id: 'ConcurrencyLimit' })

export const tagLimitWire = (row: ConcurrencyLimitRow): z.input<typeof tagLimitAnswer> => ({
  id: row.id,
  created: row.createdAt,
  updated: row.updatedAt,
  tag: tagOf(row.name) ?? row.name,
  concurrency_limit: row.slotLimit,
  active_slots: [...row.taskRunIds],
})

export const namedLimits = z.array(z.object({ id: z.uuid(), name: z.string(), limit: z.int() }))

export const slotsAnswer = z
  .object({
    lease_id: z.uuid(),
    slots: z.int(),
    holder: z.object({
      type: z.enum(['flow_run', 'task_run', 'deployment', 'operator', 'client']),
      id: z.uuid().nullable(),
      name: z.string().nullable(),
    }),
    since: z.iso.datetime(),
    until: z.iso.datetime().nullable(),
  })
  .meta({ id: 'HeldSlots' })

export const slotsWire = (held: HeldSlots): z.input<typeof slotsAnswer> => ({
  lease_id: held.leaseId,
  slots: held.slots,
  holder: { type: held.holderType, id: held.holderId, name: held.holderName },
  since: held.heldSince,
  until: held.expiresAt,
})

export const waiterAnswer = z
  .object({
    id: z.uuid(),
    slots: z.int(),
    holder: z.object({
      type: z.enum(['flow_run', 'task_run', 'deployment', 'client']),
      id: z.uuid().nullable(),
      name: z.string().nullable(),
    }),
    since: z.iso.datetime(),
    asks_again: z.iso.datetime().nullable().meta({
      description: 'null: its request is open, and it gets slots as soon as they are there.',
    }),
  })
  .meta({ id: 'SlotWaiter' })

export const waiterWire = (waiter: SlotWaiter): z.input<typeof waiterAnswer> => ({
  id: waiter.id,
  slots: waiter.slots,
  holder: { type: waiter.holderType, id: waiter.holderId, name: waiter.holderName },
  since: waiter.since,
  asks_again: waiter.asksAgainAt,
})
