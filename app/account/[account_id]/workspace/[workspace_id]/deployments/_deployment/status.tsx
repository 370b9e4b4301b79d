import { ShownBadge, ShownLabel } from '#app/_ui/state.tsx'
import type { ShownState } from '#app/_ui/states.ts'
import { workStatus } from '#app/_ui/work-status.tsx'

export interface DeploymentStanding {
  readonly paused: boolean
  readonly disabled: boolean
  readonly status: 'READY' | 'NOT_READY'
  readonly poolName: string | null
}

/** Whether its runs would start: what a person decided comes before what is missing. */
export function deploymentStatus({ paused, disabled, status, poolName }: DeploymentStanding): ShownState {
  if (disabled) return { family: 'stop', glyph: 'ban', word: 'Disabled' }
  if (paused) return workStatus('deployment', 'PAUSED')
  return workStatus(poolName === null ? 'deployment' : 'work-pool', status)
}

export const DeploymentStatusLabel = (standing: DeploymentStanding) => (
  <ShownLabel shown={deploymentStatus(standing)} />
)
export const DeploymentStatusBadge = (standing: DeploymentStanding) => (
  <ShownBadge shown={deploymentStatus(standing)} />
)
