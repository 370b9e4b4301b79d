import { formatInstant, parseInstant } from '../../time.ts'
import type { ClaimFact } from '../decide.ts'
import { cancellationGraceSeconds, finishDeadlineMicros } from '../follow-up-rules.ts'
import { isRescheduledWhenLost } from '../service-rules.ts'
import { isMissing } from '../shared-rules.ts'
import { fullLimit } from './notice-slots.ts'
import type { Noticing, ReasonLink } from './waiting.ts'
import { act, clockTime, command, pageOf, spell, standsBehind } from './words.ts'

/** What is known of a run that somebody has: claimed, running, paused, cancelling. */

const holderOf = ({ holderType, holderName }: ClaimFact): string =>
  holderName === null ? `a ${holderType}` : `the ${holderType} “${holderName}”`

const claimFacts = (claim: ClaimFact) => ({
  holder_type: claim.holderType,
  holder_id: claim.holderId,
  holder_name: claim.holderName,
  claimed_at: formatInstant(claim.claimedMicros),
  last_beat_at: claim.beatMicros === null ? null : formatInstant(claim.beatMicros),
  lease_expires_at: claim.expiresMicros === null ? null : formatInstant(claim.expiresMicros),
})

const workerLink = (claim: ClaimFact | null): readonly ReasonLink[] =>
  claim?.holderType === 'worker' && claim.holderId !== null
    ? [{ kind: 'worker', id: claim.holderId, name: claim.holderName ?? claim.holderId }]
    : []

/** A claim that takes longer is worth a look at the worker. */
const SLOW_START_MICROS = 120_000_000

export const noticeClaimed: Noticing = ({ run, facts, pool, deployment }) => {
  if (run.state?.type !== 'PENDING') return []
  const { claim, nowMicros } = facts
  const since = claim?.claimedMicros ?? run.state.atMicros
  const slow = nowMicros - since > SLOW_START_MICROS
  const cancel = act(
    'Cancel it, and look at what should have started it',
    command`prefect flow-run cancel ${run.id}`,
    pool === null ? pageOf('flow-run', run.id) : pageOf('work-pool', pool.name),
  )
  if (claim === null && deployment === null) {
    return [
      {
        rule: 'noticeClaimed',
        title: 'Not begun yet',
        detail: `Its own process made it ${spell(nowMicros - since)} ago and has not begun it.`,
        facts: { state_name: run.state.name },
        sinceMicros: since,
        forecastMicros: null,
        action: slow ? cancel : null,
        links: [],
      },
    ]
  }
  const who = claim === null ? 'It was claimed' : `It was claimed by ${holderOf(claim)}`
  return [
    {
      rule: 'noticeClaimed',
      title: 'Claimed, but not begun',
      detail:
        `${who} ${spell(nowMicros - since)} ago, at ${clockTime(since, nowMicros)}, and has not begun` +
        `${run.state.name === 'Pending' ? '' : ` (${run.state.name})`}.` +
        (run.infrastructurePid === null ? '' : ` Its infrastructure is ${run.infrastructurePid}.`),
      facts: {
        ...(claim === null ? { claimed_at: formatInstant(since) } : claimFacts(claim)),
        infrastructure_pid: run.infrastructurePid,
      },
      sinceMicros: since,
      forecastMicros: null,
      action: slow ? cancel : null,
      links: workerLink(claim),
    },
  ]
}

/** Beats come three times a lease: with two thirds of it gone, one is missing. */
export const noticeSilence: Noticing = ({ run, facts: { claim, nowMicros } }) => {
  const type = run.state?.type
  if (type !== 'PENDING' && type !== 'RUNNING' && type !== 'CANCELLING') return []
  if (claim === null || claim.expiresMicros === null) return []
  const last = claim.beatMicros ?? claim.claimedMicros
  if (nowMicros - last <= ((claim.expiresMicros - last) * 2) / 3) return []
  const over = claim.expiresMicros <= nowMicros
  const then = isRescheduledWhenLost(run, run.policy) ? 'scheduled again' : 'Crashed'
  return [
    {
      rule: 'crashOnlySilentRuns',
      title: over ? 'Its holder is silent' : 'Its holder has missed a beat',
      detail:
        `The last sign of life from ${holderOf(claim)} came ${spell(nowMicros - last)} ago. ` +
        (over
          ? `Its lease is over: the run is about to be ${then}.`
          : `Without another it is ${then} at ${clockTime(claim.expiresMicros, nowMicros)}.`),
      facts: claimFacts(claim),
      sinceMicros: last,
      forecastMicros: claim.expiresMicros,
      action: act('Look at its holder', null, pageOf('flow-run', run.id)),
      links: workerLink(claim),
    },
  ]
}

/** Clients that beat do so three times in so long: whoever was not heard of for longer sends no beats, or is gone. */
const QUIET_MICROS = 540_000_000

/**
 * Clients 2.x send no beats, nor do later ones that are set not to. Their silence proves nothing, so that no service ends such a
 * run: a person has to be told that nobody would notice.
 */
export const noticeNoBeats: Noticing = (sight) => {
  const { run, pool, lastHeard } = sight
  const { claim, nowMicros } = sight.facts
  if (run.state?.type !== 'RUNNING' || !isMissing(claim?.beatMicros) || !isMissing(claim?.expiresMicros))
    return []
  const heard = lastHeard && lastHeard.micros > run.state.atMicros ? lastHeard : null
  const since = heard?.micros ?? run.state.atMicros
  if (nowMicros - since <= QUIET_MICROS) return []
  const deadline = finishDeadlineMicros(sight)
  const noWorker = pool !== null && pool.onlineWorkers === 0
  return [
    {
      rule: 'noticeNoBeats',
      title: 'No sign of life',
      detail:
        `Nothing was heard of it for ${spell(nowMicros - since)}; the last was ${heard?.what ?? 'that it began'}, at ${clockTime(since, nowMicros)}. ` +
        'Its client sends no beats, so that silence does not prove that its process is gone' +
        (noWorker ? `, but no worker of “${pool.name}” is online` : '') +
        (deadline === null
          ? '. Nothing ends the run by itself: say rigel.finish-within-seconds in the labels of its deployment, and something will.'
          : `. It is cancelled when its deadline has passed, at ${clockTime(deadline, nowMicros)}.`),
      facts: { last_heard_at: formatInstant(since), last_heard: heard?.what ?? null, sends_beats: false },
      sinceMicros: since,
      forecastMicros: deadline,
      action: act(
        'Cancel it, if its process is gone',
        command`prefect flow-run cancel ${run.id}`,
        pageOf('flow-run', run.id),
      ),
      links: workerLink(claim),
    },
  ]
}

export const noticeRunning: Noticing = ({ run, facts: { claim, nowMicros } }) => {
  if (run.state?.type !== 'RUNNING') return []
  const since = run.state.atMicros
  const beat = claim?.beatMicros
  return [
    {
      rule: 'noticeRunning',
      title: 'Running',
      detail:
        `Since ${clockTime(since, nowMicros)}, for ${spell(nowMicros - since)}` +
        `${run.runCount > 1 ? `, in attempt ${run.runCount}` : ''}.` +
        (claim === null ? '' : ` Executed by ${holderOf(claim)}.`) +
        (isMissing(beat) ? '' : ` Last sign of life ${spell(nowMicros - beat)} ago.`),
      facts: {
        run_count: run.runCount,
        ...(claim !== null && claimFacts(claim)),
        infrastructure_pid: run.infrastructurePid,
      },
      sinceMicros: since,
      forecastMicros: null,
      action: null,
      links: workerLink(claim),
    },
  ]
}

export const noticeFinishDeadline: Noticing = (sight) => {
  const due = finishDeadlineMicros(sight)
  if (due === null || sight.run.state?.type === 'CANCELLING') return []
  const { nowMicros } = sight.facts
  return [
    {
      rule: 'watchFinishDeadline',
      title: 'Has to end in time',
      detail: `It is cancelled unless it ends by ${clockTime(due, nowMicros)}, in ${spell(due - nowMicros)}.`,
      facts: { finish_by: formatInstant(due) },
      sinceMicros: sight.run.startMicros,
      forecastMicros: due,
      action: null,
      links: [],
    },
  ]
}

/** Task runs of the run that wait for a slot of their tag. */
export const noticeFullTags: Noticing = ({ tags, lines, facts: { nowMicros } }) =>
  tags
    .filter(({ active, limit }) => active >= limit)
    .map(({ tag, limitId, limit, active, holders, waitingTaskRuns }) => {
      const line = lines.find((it) => it.limitId === limitId)
      return fullLimit({
        rule: 'secureTaskConcurrencySlots',
        what: `The limit on tag “${tag}”`,
        limit,
        active,
        holders,
        nowMicros,
        facts: { tag, waiting_task_runs: waitingTaskRuns },
        action: act(
          'Raise the limit',
          command`prefect concurrency-limit create ${tag} ${limit + 1}`,
          pageOf('concurrency-limit', limitId),
        ),
        link: { kind: 'concurrency-limit', id: limitId, name: tag },
        more:
          ` ${waitingTaskRuns === 1 ? '1 task run of this run waits' : `${waitingTaskRuns} task runs of this run wait`} for it` +
          (line ? `, since ${clockTime(line.sinceMicros, nowMicros)}.${standsBehind(line.ahead)}` : '.'),
        ...(line && { line }),
      })
    })

export const noticePause: Noticing = ({ run, facts: { nowMicros } }) => {
  if (run.state?.type !== 'PAUSED') return []
  const { pause_timeout, pause_reschedule, run_input_keyset, pause_key } = run.state.details
  const timeout = isMissing(pause_timeout) ? null : (parseInstant(pause_timeout) ?? null)
  const wantsInput = !isMissing(run_input_keyset)
  const suspended = pause_reschedule === true
  return [
    {
      rule: 'handleResumingPausedFlows',
      title: wantsInput ? 'Waits for input' : 'Waits to be resumed',
      detail:
        `It was ${suspended ? 'suspended' : 'paused'} ${spell(nowMicros - run.state.atMicros)} ago.` +
        (wantsInput ? ' It asks for an input before it goes on.' : '') +
        (timeout === null
          ? ''
          : ` Unless it is resumed by ${clockTime(timeout, nowMicros)}, in ${spell(timeout - nowMicros)}, it fails.`) +
        (suspended ? ' When it is resumed a worker starts it again.' : ''),
      facts: {
        pause_key: pause_key ?? null,
        pause_timeout: timeout === null ? null : formatInstant(timeout),
        suspended,
        run_input_keyset: run_input_keyset ?? null,
      },
      sinceMicros: run.state.atMicros,
      forecastMicros: timeout,
      action: act(wantsInput ? 'Resume it with its input' : 'Resume it', null, pageOf('flow-run', run.id)),
      links: [],
    },
  ]
}

export const noticeCancelling: Noticing = ({ run, facts: { claim, nowMicros } }) => {
  if (run.state?.type !== 'CANCELLING') return []
  const since = run.state.atMicros
  const until = since + cancellationGraceSeconds * 1e6
  return [
    {
      rule: 'watchCancellations',
      title: 'Was asked to stop',
      detail:
        `It was asked to stop ${spell(nowMicros - since)} ago; ` +
        `${claim === null ? 'whoever runs it' : holderOf(claim)} has not confirmed that it did. ` +
        `It is Cancelled in any case at ${clockTime(until, nowMicros)}.`,
      facts: { cancelling_since: formatInstant(since), ...(claim !== null && claimFacts(claim)) },
      sinceMicros: since,
      forecastMicros: until,
      action: act('Set it to Cancelled by force', null, pageOf('flow-run', run.id)),
      links: workerLink(claim),
    },
  ]
}
