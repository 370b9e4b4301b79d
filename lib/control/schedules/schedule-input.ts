import type { StoredSchedule } from '../../db/rows/deployment.ts'
import { BadInput } from '../../domain/problem.ts'
import type { SaidOfCatchUp } from '../../domain/schedules/catch-up.ts'
import { parseSchedule, type Schedule } from '../../domain/schedules/schedule.ts'
import { storedSchedule } from '../../domain/schedules/stored-schedule.ts'
import type { RawJson } from '../../domain/state.ts'

/** A schedule as somebody writes it. Absent members are left as they are, or get their defaults. */
export interface ScheduleInput {
  readonly schedule?: Readonly<Record<string, unknown>>
  readonly active?: boolean
  readonly parameters?: RawJson
  readonly maxScheduledRuns?: number | null
  readonly slug?: string | null
  /** The slug of a schedule that this one takes the place of. */
  readonly replaces?: string | null
  readonly catchUp?: SaidOfCatchUp
}

export interface ReadSchedule extends Omit<ScheduleInput, 'schedule'> {
  /** null: the one that is there stays. */
  readonly schedule: StoredSchedule | null
}

/** More would only hide what a deployment does, and each costs the scheduler time. */
const MAX_SCHEDULES = 100

/** Throws BadInput, which names the field and says what is wrong with it. */
export function readSchedules(inputs: readonly ScheduleInput[], nowMicros: number): readonly ReadSchedule[] {
  if (inputs.length > MAX_SCHEDULES)
    throw new BadInput(
      `A deployment may have ${MAX_SCHEDULES} schedules at most; these are ${inputs.length}.`,
    )
  const slugs = new Set<string>()
  for (const { slug } of inputs) {
    if (!slug) continue
    if (slugs.has(slug))
      throw new BadInput(`Two schedules have the slug “${slug}”. Give each one of its own.`)
    slugs.add(slug)
  }
  return inputs.map((input, i) => ({
    ...input,
    schedule: input.schedule ? readSchedule(input.schedule, nowMicros, `schedules.${i}.`).stored : null,
  }))
}

/** Throws BadInput. */
export function readSchedule(
  sent: Readonly<Record<string, unknown>>,
  nowMicros: number,
  at = '',
): { readonly schedule: Schedule; readonly stored: StoredSchedule } {
  const parsed = parseSchedule(sent, { nowMicros })
  if (!parsed.ok) throw new BadInput(`${at}${parsed.field}: ${parsed.reason}`, { field: at + parsed.field })
  return { schedule: parsed.schedule, stored: storedSchedule(parsed.schedule, sent) }
}
