import type { DeploymentRow, ScheduleRow } from '../../db/rows/deployment.ts'
import { mergeJson } from '../../domain/parameters/merge.ts'
import { requireValid } from '../parameters/check-parameters.ts'

/**
 * Holds what the runs of these schedules will get, their own parameters over those of the deployment, against its schema, where that
 * is enforced. What is missing may come by the flow's own defaults. Throws Conflict, which names the schedule and the field.
 */
export function requireFitting(
  doing: string,
  { parameterOpenapiSchema: schema, enforceParameterSchema, parameters }: DeploymentRow,
  schedules: readonly ScheduleRow[],
): void {
  if (!schema || !enforceParameterSchema) return
  for (const schedule of schedules) {
    if (schedule.parameters === '{}') continue
    requireValid({
      doing: `${doing}: ${schedule.slug ? `schedule “${schedule.slug}”` : 'a schedule'}`,
      noun: 'parameter',
      schema,
      values: mergeJson(parameters, schedule.parameters),
      ignoreRequired: true,
    })
  }
}

/** Schedules that are new, or have other parameters than before: an older one that does not fit is no reason to refuse anything else. */
export const withOtherParameters = (
  before: readonly ScheduleRow[],
  after: readonly ScheduleRow[],
): readonly ScheduleRow[] => {
  const known = new Map(before.map((schedule) => [schedule.id, schedule.parameters]))
  return after.filter((schedule) => known.get(schedule.id) !== schedule.parameters)
}
