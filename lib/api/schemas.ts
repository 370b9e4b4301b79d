import { z } from 'zod'
import { stateTypes } from '../domain/state.ts'
import { parseDurationSeconds, parseInstant } from '../domain/time.ts'

/** Pieces of wire schemas that many routes share. Read tolerantly: unknown keys pass, numbers and durations may be text. */

export const canonicalUuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

export const uuid = z
  .string()
  .regex(/^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i, 'must be a UUID')
  .transform((id) => {
    if (canonicalUuid.test(id)) return id
    const hex = id.replaceAll('-', '').toLowerCase()
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
  })

/** An instant as microseconds since 1970; RFC 3339, or with a space for the T. */
export const instant = z
  .string()
  .max(64)
  .transform((text, ctx) => {
    const micros = parseInstant(text)
    if (micros !== undefined) return micros
    ctx.addIssue({
      code: 'custom',
      message: 'must be an instant such as 2026-08-21T16:27:33Z, between the years 1 and 9999',
    })
    return z.NEVER
  })

export const durationSeconds = z.union([z.number(), z.string().max(64)]).transform((value, ctx) => {
  const seconds = parseDurationSeconds(value)
  if (seconds !== undefined) return seconds
  ctx.addIssue({
    code: 'custom',
    message: 'must be a number of seconds or an ISO 8601 duration such as PT60S',
  })
  return z.NEVER
})

/** Names of things: no characters that would break paths, and no steps within one: browsers and clients take `..` out of an address. */
export const objectName = z
  .string()
  .min(1)
  .max(500)
  .refine((name) => !/[/%&><]/.test(name), { message: 'must not contain / % & > <' })
  .refine((name) => name !== '.' && name !== '..', {
    message: 'must not be . or ..: no address can end with it',
  })

export const stateType = z.enum(stateTypes)

/** Who made something. */
export const creator = z
  .object({ id: z.uuid().nullable(), type: z.string(), display_value: z.string().nullable() })
  .meta({ id: 'Creator' })
export const tags = z.array(z.string().min(1).max(1_000)).max(1_000)
export const labels = z
  .record(z.string().max(1_000), z.union([z.string().max(10_000), z.number(), z.boolean(), z.null()]))
  .refine((map) => Object.keys(map).length <= 1_000, {
    message: 'at most 1,000 labels',
  })
/** Any JSON object; its exact text is cut from the body. */
export const jsonObject = z.record(z.string(), z.unknown())
/** Any JSON value, null too; its exact text is cut from the body. */
export const jsonValue = z.unknown().refine((value) => value !== undefined, { message: 'is required' })

const int32 = z.number().int().min(-2_147_483_648).max(2_147_483_647)

const seconds = z.number().positive().max(1e9)

export const flowRunPolicy = z.looseObject({
  max_retries: int32.nullish(),
  retry_delay_seconds: z.number().nullish(),
  retries: int32.nullish(),
  retry_delay: z.number().nullish(),
  pause_keys: z.array(z.string().max(1_000)).max(1_000).nullish(),
  resuming: z.boolean().nullish(),
  retry_type: z.enum(['in_process', 'reschedule']).nullish(),
  start_within_seconds: seconds
    .meta({ description: 'A run that has not begun this long after it was expected to is cancelled.' })
    .nullish(),
  finish_within_seconds: seconds
    .meta({ description: 'A run that has not ended this long after it began is cancelled.' })
    .nullish(),
  on_lost: z
    .enum(['crash', 'reschedule'])
    .meta({ description: 'What becomes of a run whose holder went silent after it began. Default crash.' })
    .nullish(),
})

export const taskRunPolicy = z.looseObject({
  max_retries: int32.nullish(),
  retry_delay_seconds: z.number().nullish(),
  retries: int32.nullish(),
  retry_delay: z.union([z.number(), z.array(z.number()).max(1_000)]).nullish(),
  retry_jitter_factor: z.number().nullish(),
})

const stateDetails = z.looseObject({
  flow_run_id: uuid.nullish(),
  task_run_id: uuid.nullish(),
  child_flow_run_id: uuid.nullish(),
  scheduled_time: z
    .string()
    .max(64)
    .refine((text) => parseInstant(text) !== undefined, { message: 'must be an instant' })
    .nullish(),
  cache_key: z.string().max(100_000).nullish(),
  cache_expiration: z
    .string()
    .max(64)
    .refine((text) => parseInstant(text) !== undefined, { message: 'must be an instant' })
    .nullish(),
  deferred: z.boolean().nullish(),
  untrackable_result: z.boolean().nullish(),
  pause_timeout: z
    .string()
    .max(64)
    .refine((text) => parseInstant(text) !== undefined, { message: 'must be an instant' })
    .nullish(),
  pause_reschedule: z.boolean().nullish(),
  pause_key: z.string().max(1_000).nullish(),
  refresh_cache: z.boolean().nullish(),
  retriable: z.boolean().nullish(),
  transition_id: uuid.nullish(),
  task_parameters_id: uuid.nullish(),
})

/** A state as clients propose it. Its `data` is cut from the body as raw JSON. */
export const stateCreate = z
  .object({
    type: stateType,
    name: z.string().max(1_000).nullish(),
    message: z.string().max(2_000_000).nullish(),
    data: z.unknown().optional(),
    state_details: stateDetails.nullish(),
  })
  .meta({ id: 'StateCreate' })
export type StateCreate = z.output<typeof stateCreate>
