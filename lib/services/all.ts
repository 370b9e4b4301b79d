import { cleanUpCancellations } from './clean-up-cancellations.ts'
import { crashZombies } from './crash-zombies.ts'
import { enforceDeadlines } from './enforce-deadlines.ts'
import { evaluateAutomations } from './evaluate-automations.ts'
import { expirePauses } from './expire-pauses.ts'
import { foldRunCounts } from './fold-run-counts.ts'
import { markLateRuns } from './mark-late-runs.ts'
import { preparePartitions } from './prepare-partitions.ts'
import { repossessSlots } from './repossess-slots.ts'
import { scheduleRuns } from './schedule-runs.ts'
import type { Service } from './service.ts'
import { takeAutomationSteps } from './take-automation-steps.ts'
import { watchWorkers } from './watch-workers.ts'

/** Every background loop. */
export const services: readonly Service[] = [
  foldRunCounts,
  preparePartitions,
  markLateRuns,
  expirePauses,
  cleanUpCancellations,
  enforceDeadlines,
  crashZombies,
  scheduleRuns,
  watchWorkers,
  repossessSlots,
  evaluateAutomations,
  takeAutomationSteps,
]
