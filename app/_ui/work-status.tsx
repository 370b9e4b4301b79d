import type { WorkerStatus, WorkStatus } from '#lib/domain/work/status.ts'
import { ShownBadge, ShownLabel } from './state.tsx'
import type { ShownState } from './states.ts'

type Noun = 'work-pool' | 'work-queue' | 'deployment'

/** Whether somebody takes what is due there. */
export function workStatus(noun: Noun, status: WorkStatus): ShownState {
  switch (status) {
    case 'READY':
      return { family: 'good', glyph: 'circle-check', word: 'Ready', quiet: true }
    case 'PAUSED':
      return { family: 'hold', glyph: 'circle-pause', word: 'Paused' }
    case 'NOT_READY':
      return { family: 'late', glyph: 'alert', word: noun === 'deployment' ? 'Not served' : 'No worker' }
  }
}

/** A worker that went without giving back its runs is lost; one that holds none has just gone. */
export function workerStatus(status: WorkerStatus, running: number): ShownState {
  if (status === 'ONLINE') return { family: 'good', glyph: 'circle-check', word: 'Online', quiet: true }
  return running > 0
    ? { family: 'crash', glyph: 'crashed', word: 'Lost' }
    : { family: 'stop', glyph: 'offline', word: 'Offline', quiet: true }
}

export const WorkStatusLabel = ({ noun, status }: { readonly noun: Noun; readonly status: WorkStatus }) => (
  <ShownLabel shown={workStatus(noun, status)} />
)

export const WorkStatusBadge = ({ noun, status }: { readonly noun: Noun; readonly status: WorkStatus }) => (
  <ShownBadge shown={workStatus(noun, status)} />
)
