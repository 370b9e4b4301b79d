import { formatInstant } from '../../time.ts'
import { scheduledMicrosOf } from '../bookkeeping.ts'
import { startDeadlineMicros } from '../follow-up-rules.ts'
import { isDue, refusals } from './next-step.ts'
import type { Noticing, RunSight, WaitingReason } from './waiting.ts'
import { act, clockTime, command, pageOf, spell } from './words.ts'

/** What only time ends, or whoever has the run in its own process. */

export const noticeDueTime: Noticing = (sight) => {
  const { run, facts } = sight
  const rule = refusals(sight, 'RUNNING').find((held) => held.rule === 'waitForScheduledTime')
  const due = run.state === null ? undefined : scheduledMicrosOf(run.state)
  if (rule === undefined || due === undefined || run.state === null) return []
  const { name } = run.state
  const inProcess = run.policy.retry_type === 'in_process' && run.state.type === 'SCHEDULED'
  const when = `in ${spell(due - facts.nowMicros)}, at ${clockTime(due, facts.nowMicros)}`
  const [title, detail] =
    name === 'AwaitingRetry'
      ? [
          'Waits for its next attempt',
          inProcess
            ? `Attempt ${run.runCount} failed. The process that ran it tries again ${when}.`
            : `It is scheduled to run again ${when}.`,
        ]
      : name === 'AwaitingConcurrencySlot'
        ? ['Waits for a slot', `No slot of its deployment was free. It asks again ${when}.`]
        : ['Scheduled for later', `It is due ${when}.`]
  return [
    {
      rule: rule.rule,
      title,
      detail,
      facts: { scheduled_time: formatInstant(due), seconds_left: rule.delaySeconds, state_name: name },
      sinceMicros: run.state.atMicros,
      forecastMicros: due,
      action: inProcess ? null : act('Run it now', null, pageOf('flow-run', run.id)),
      links: [],
    },
  ]
}

/** A run that is tried again in its own process, and is due: nobody else may take it. */
export const noticeInProcessRetry: Noticing = ({ run, facts }) => {
  if (run.state?.type !== 'SCHEDULED' || run.policy.retry_type !== 'in_process') return []
  const due = scheduledMicrosOf(run.state)
  if (due !== undefined && due > facts.nowMicros) return []
  return [
    {
      rule: 'retryFailedFlows',
      title: 'Its own process should try again now',
      detail:
        'The next attempt belongs to the process that ran the last one; workers leave it alone. If that process is gone, cancel the run and run it again.',
      facts: { retry_type: 'in_process', run_count: run.runCount },
      sinceMicros: due ?? run.state.atMicros,
      forecastMicros: null,
      action: act('Cancel it', command`prefect flow-run cancel ${run.id}`, pageOf('flow-run', run.id)),
      links: [],
    },
  ]
}

/** A run without a deployment: only whoever made it can start it. */
export const noticeNobodysRun: Noticing = (sight) => {
  const { run, deployment, pool } = sight
  if (!isDue(sight) || deployment !== null || pool !== null || run.state === null) return []
  return [
    {
      rule: 'noticeNobodysRun',
      title: 'Nobody is there to start it',
      detail:
        'It belongs to no deployment and names no work pool: only the process that created it can start it.',
      facts: { state_name: run.state.name },
      sinceMicros: scheduledMicrosOf(run.state) ?? run.state.atMicros,
      forecastMicros: null,
      action: act('Cancel it', command`prefect flow-run cancel ${run.id}`, pageOf('flow-run', run.id)),
      links: [],
    },
  ]
}

/** A deadline to begin by; not what holds the run back, but what becomes of it. */
export const noticeStartDeadline: Noticing = ({ run, facts }) => {
  if (run.state?.type !== 'SCHEDULED' && run.state?.type !== 'PENDING') return []
  const due = startDeadlineMicros(run.policy, run.startMicros, run.expectedStartMicros)
  if (due === null) return []
  return [
    {
      rule: 'watchStartDeadline',
      title: 'Has to begin in time',
      detail: `It is cancelled unless it begins by ${clockTime(due, facts.nowMicros)}, in ${spell(due - facts.nowMicros)}.`,
      facts: { start_by: formatInstant(due) },
      sinceMicros: run.expectedStartMicros,
      forecastMicros: due,
      action: null,
      links: [],
    },
  ]
}

/** Nothing stands in its way: it is only a matter of the next poll. */
export const dueNow = ({ run, facts, pool, deployment }: RunSight): WaitingReason => {
  const due = run.state === null ? null : (scheduledMicrosOf(run.state) ?? run.state.atMicros)
  const who =
    pool === null ? `The process that serves “${deployment?.name ?? 'it'}”` : `A worker of “${pool.name}”`
  return {
    rule: 'dueNow',
    title: 'Due now',
    detail: `${who} takes it at its next poll.`,
    facts: { scheduled_time: due === null ? null : formatInstant(due) },
    sinceMicros: due,
    forecastMicros: facts.nowMicros,
    action: null,
    links: pool === null ? [] : [{ kind: 'work-pool', id: pool.id, name: pool.name }],
  }
}
