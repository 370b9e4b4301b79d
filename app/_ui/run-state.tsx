'use client'
import type { StateType } from '#lib/domain/state.ts'
import { useNowMs } from './clock.tsx'
import { StateBadge, StateLabel } from './state.tsx'
import { isLate } from './states.ts'
import { Lateness, Time } from './time.tsx'

interface StatedRun {
  readonly stateType: StateType
  readonly stateName: string
  readonly expectedStartAt: string | null
}

/** A run's state with what its family owes the reader: how late it is, when the next attempt comes. */
export function RunState({
  run,
  as = 'label',
}: {
  readonly run: StatedRun
  readonly as?: 'label' | 'badge'
}) {
  const nowMs = useNowMs()
  const late = isLate(run, nowMs)
  const Shown = as === 'badge' ? StateBadge : StateLabel
  const name = late ? 'Late' : run.stateName
  const extra =
    late && run.expectedStartAt !== null ? (
      <Lateness since={run.expectedStartAt} />
    ) : as === 'badge' && name === 'AwaitingRetry' && run.expectedStartAt !== null ? (
      <Time at={run.expectedStartAt} />
    ) : null
  return <Shown type={run.stateType} name={name} extra={extra} />
}
