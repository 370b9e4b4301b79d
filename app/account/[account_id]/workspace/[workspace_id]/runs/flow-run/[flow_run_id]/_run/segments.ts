import type { SeenState } from '#app/_live/fold.ts'
import type { Family } from '#app/_ui/states.ts'
import { showState } from '#app/_ui/states.ts'
import type { TaskRunRow } from '#lib/control/console/rows.ts'
import { isFinal } from '#lib/domain/state.ts'

/** A stretch of one bar: an attempt, or the wait between two. */
export interface Segment {
  readonly family: Family
  readonly waits: boolean
  readonly fromMs: number
  /** null: it goes on now. */
  readonly toMs: number | null
  /** From 1; 0 for a wait. */
  readonly attempt: number
}

type Timed = Pick<TaskRunRow, 'stateType' | 'stateName' | 'startAt' | 'endAt' | 'runCount'>

/** The attempts of a task run: from its states where it was tried more than once, else from start and end. */
export function segmentsOf(task: Timed, seen: readonly SeenState[]): readonly Segment[] {
  const attempts = seen.filter((state) => state.type === 'RUNNING').length
  return attempts > 1 || (attempts === 1 && task.stateName === 'AwaitingRetry')
    ? fromStates(task, seen)
    : fromTimes(task)
}

function fromTimes(task: Timed): readonly Segment[] {
  if (task.startAt === null) return []
  const fromMs = Date.parse(task.startAt)
  const family = showState(task.stateType, task.stateName).family
  if (task.endAt !== null) return [{ family, waits: false, fromMs, toMs: Date.parse(task.endAt), attempt: 1 }]
  // Between attempts, and nothing is known of the first: the whole stretch until now waits.
  if (task.stateType === 'SCHEDULED') return [{ family: 'late', waits: true, fromMs, toMs: null, attempt: 0 }]
  return [{ family, waits: false, fromMs, toMs: isFinal(task.stateType) ? fromMs : null, attempt: 1 }]
}

function fromStates(task: Timed, seen: readonly SeenState[]): readonly Segment[] {
  const segments: Segment[] = []
  let attempt = 0
  for (const [index, state] of seen.entries()) {
    const next = seen[index + 1]
    const fromMs = Date.parse(state.at)
    const toMs = next ? Date.parse(next.at) : null
    if (state.type === 'RUNNING') {
      attempt += 1
      const ended = next ? showState(next.type, next.name) : null
      const family: Family =
        ended === null
          ? 'live'
          : next?.type === 'SCHEDULED'
            ? 'fail'
            : next?.type === 'RUNNING'
              ? 'live'
              : ended.family
      segments.push({ family, waits: false, fromMs, toMs, attempt })
    } else if (state.type === 'SCHEDULED' && attempt > 0) {
      segments.push({ family: 'late', waits: true, fromMs, toMs, attempt: 0 })
    }
  }
  const last = segments.at(-1)
  if (last?.toMs === null && task.endAt !== null) {
    segments[segments.length - 1] = {
      ...last,
      family: showState(task.stateType, task.stateName).family,
      toMs: Date.parse(task.endAt),
    }
  }
  return segments
}
