import type { Action } from './action.ts'
import { anyName } from './match-event.ts'
import { type EventTrigger, eventTriggersIn, type LabelPatterns, type Trigger } from './trigger.ts'

/** States that every run which an automation starts goes through by itself. */
const everyRunTells = ['prefect.flow-run.Scheduled', 'prefect.flow-run.Pending', 'prefect.flow-run.Running']

/** A sentence about an automation that would start itself again and again; null: it would not. */
export function whatLoops(trigger: Trigger, actions: readonly Action[]): string | null {
  for (const action of actions) {
    if (action.type !== 'run-deployment') continue
    for (const each of eventTriggersIn(trigger)) {
      if (each.posture !== 'Reactive' || !everyRunTells.some(namesOf(each))) continue
      if (action.source === 'inferred')
        return 'This automation would run a deployment whenever one of its runs is scheduled, pending or running, and so for ever. Expect other events, or select another deployment.'
      if (matchesEverything(each))
        return 'This automation would run a deployment whenever any flow run is scheduled, pending or running, its own too, and so for ever. Say with match or match_related which runs are meant.'
    }
  }
  return null
}

const namesOf = ({ expect }: EventTrigger): ((name: string) => boolean) =>
  expect.length === 0 ? () => true : anyName(expect)

function matchesEverything({ match, match_related }: EventTrigger): boolean {
  const related = Array.isArray(match_related) ? match_related : [match_related]
  return [match, ...(related as readonly LabelPatterns[])].every((patterns) =>
    Object.values(patterns).every((wanted) =>
      (typeof wanted === 'string' ? [wanted] : wanted).some((pattern) =>
        ['*', 'prefect.flow-run.*', 'prefect.*'].includes(pattern),
      ),
    ),
  )
}
