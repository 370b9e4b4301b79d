import { takeSteps } from '../control/automations/take-steps.ts'
import type { Service } from './service.ts'

/** Tells of what fired, and takes the actions of automations. */
export const takeAutomationSteps: Service = {
  name: 'take-automation-steps',
  everySeconds: 1,
  runOnce: async (scope) => {
    const { taken, done, more, errors } = await takeSteps(scope)
    // Steps come due again by themselves; the log has to hear of it.
    if (errors.length > 0) throw new AggregateError(errors, 'steps of automations went wrong')
    return { counts: { taken, done }, more }
  },
}
