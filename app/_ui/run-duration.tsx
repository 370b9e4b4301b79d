'use client'
import type { StateType } from '#lib/domain/state.ts'
import { RunningDuration } from './time.tsx'
import { formatDuration } from './times.ts'

interface RunTimes {
  readonly stateType: StateType
  readonly startAt: string | null
  readonly endAt: string | null
  readonly totalRunTimeSeconds: number
}

/** How long a run took, or has been running; a dash when it never began. */
export function RunDuration({ run }: { readonly run: RunTimes }) {
  if (run.startAt === null) return <span className="text-ink-3">–</span>
  if (run.endAt !== null) return <>{formatDuration(spanSeconds(run.startAt, run.endAt))}</>
  const still = run.stateType === 'RUNNING' || run.stateType === 'CANCELLING'
  return still ? <RunningDuration since={run.startAt} /> : formatDuration(run.totalRunTimeSeconds)
}

export const spanSeconds = (startAt: string, endAt: string): number =>
  (Date.parse(endAt) - Date.parse(startAt)) / 1000
