import type { Trigger } from '../../domain/automations/trigger.ts'
import type { RawJson } from '../../domain/state.ts'

/** Safe: what is stored was written from a Trigger. */
export const storedTrigger = (stored: RawJson): Trigger => JSON.parse(stored) as Trigger
