import { isFinal } from '../../state.ts'
import {
  noticeCancelling,
  noticeClaimed,
  noticeFinishDeadline,
  noticeFullTags,
  noticeNoBeats,
  noticePause,
  noticeRunning,
  noticeSilence,
} from './notice-executed.ts'
import {
  noticeFullDeployment,
  noticeFullPool,
  noticeFullQueue,
  noticeQueueAhead,
  noticeSlotLine,
} from './notice-slots.ts'
import {
  dueNow,
  noticeDueTime,
  noticeInProcessRetry,
  noticeNobodysRun,
  noticeStartDeadline,
} from './notice-time.ts'
import {
  noticeNotServed,
  noticeNoWorker,
  noticePausedPool,
  noticePausedQueue,
  noticeUnfitWorkers,
} from './notice-work.ts'
import type { ExplainVerdict, Noticing, RunSight, WaitingReason } from './waiting.ts'

/** In the order in which a person should read them: what only time ends, what a person has to do, what others have to give back. */
const noticings: readonly Noticing[] = [
  noticePause,
  noticeCancelling,
  noticeSilence,
  noticeNoBeats,
  noticeClaimed,
  noticeRunning,
  noticeFullTags,
  noticeSlotLine,
  noticeInProcessRetry,
  noticeDueTime,
  noticePausedPool,
  noticePausedQueue,
  noticeNoWorker,
  noticeUnfitWorkers,
  noticeNotServed,
  noticeNobodysRun,
  noticeFullPool,
  noticeFullQueue,
  noticeFullDeployment,
  noticeQueueAhead,
  noticeStartDeadline,
  noticeFinishDeadline,
]

/** Tells of a deadline, and keeps nothing from happening. */
const hindersNothing: ReadonlySet<string> = new Set(['watchStartDeadline', 'watchFinishDeadline'])

export interface Explanation {
  readonly verdict: ExplainVerdict
  readonly reasons: readonly WaitingReason[]
}

/** Everything that holds a run back, with what would help. */
export function explainRun(sight: RunSight): Explanation {
  const { run } = sight
  if (run.state !== null && isFinal(run.state.type)) {
    return { verdict: 'ended', reasons: [endOf(sight)] }
  }
  const reasons = noticings.flatMap((notice) => notice(sight))
  if (run.state?.type === 'SCHEDULED' && reasons.every(({ rule }) => hindersNothing.has(rule))) {
    reasons.unshift(dueNow(sight))
  }
  return { verdict: run.state?.type === 'RUNNING' ? 'running' : 'waiting', reasons }
}

function endOf({ run }: RunSight): WaitingReason {
  const state = run.state
  return {
    rule: 'ended',
    title: state === null ? 'Over' : state.name,
    detail: state?.message || 'The run is over.',
    facts: { ...(state?.details.lost !== undefined && { lost: state.details.lost }) },
    sinceMicros: run.endMicros,
    forecastMicros: null,
    action: null,
    links: [],
  }
}
