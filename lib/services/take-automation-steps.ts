import { takeSteps } from '../control/automations/take-steps.ts'
import type { Notifier } from '../control/notifications/notifier.ts'
import type { Service, ServiceScope } from './service.ts'

/** Tells of what fired, and takes the actions of automations but for what they send. */
export const takeAutomationSteps: Service = {
  name: 'take-automation-steps',
  everySeconds: 1,
  runOnce: turn,
}

/** Sends the notifications of automations. */
export const createSendNotifications = (notifier: Notifier): Service => ({
  name: 'send-notifications',
  everySeconds: 1,
  runOnce: (scope) => turn({ ...scope, notifier }),
})

async function turn(scope: ServiceScope & { readonly notifier?: Notifier }) {
  const { taken, done, more, errors } = await takeSteps(scope)
  // Steps come due again by themselves; the log has to hear of it.
  if (errors.length > 0) throw new AggregateError(errors, 'steps of automations went wrong')
  return { counts: { taken, done }, more }
}
