import { formatInstant } from '../../time.ts'
import { scheduledMicrosOf } from '../bookkeeping.ts'
import { explain } from '../explain.ts'
import { startDeadlineMicros } from '../follow-up-rules.ts'
import { coreFlowPolicy } from '../policies.ts'
import { makeState } from '../shared-rules.ts'
import type { Noticing, RunSight, SlotHolder, WaitingReason } from './waiting.ts'
import {
  act,
  clockTime,
  command,
  firstFree,
  holderFacts,
  holderLinks,
  listHolders,
  pageOf,
  spell,
} from './words.ts'

/** What keeps a SCHEDULED run from being claimed, and a claimed one from beginning. */

/** A pool or deployment that was polled within this time is being looked after. */
const POLLED_LATELY_MICROS = 60_000_000

const claimProposal = makeState('PENDING', 'Pending', '')
const startProposal = makeState('RUNNING', 'Running', '')

/** Rules of the core policy that would refuse the run's claim, or its start. */
const refusals = ({ run, facts }: RunSight, to: 'PENDING' | 'RUNNING') =>
  explain(coreFlowPolicy, run, to === 'PENDING' ? claimProposal : startProposal, facts)

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

const isDue = ({ run, facts }: RunSight): boolean => {
  if (run.state?.type !== 'SCHEDULED' || run.policy.retry_type === 'in_process') return false
  return (scheduledMicrosOf(run.state) ?? 0) <= facts.nowMicros
}

export const noticePausedPool: Noticing = ({ run, pool, facts }) => {
  if (run.state?.type !== 'SCHEDULED' || pool?.paused == null) return []
  const { by, sinceMicros } = pool.paused
  return [
    {
      rule: 'noticePausedPool',
      title: `Work pool “${pool.name}” is paused`,
      detail: `It was paused${by === null ? '' : ` by ${by}`} ${spell(facts.nowMicros - sinceMicros)} ago, and hands out no runs.`,
      facts: { work_pool_name: pool.name, paused_by: by, paused_since: formatInstant(sinceMicros) },
      sinceMicros,
      forecastMicros: null,
      action: act(
        'Resume the work pool',
        command`prefect work-pool resume ${pool.name}`,
        pageOf('work-pool', pool.name),
      ),
      links: [{ kind: 'work-pool', id: pool.id, name: pool.name }],
    },
  ]
}

export const noticePausedQueue: Noticing = ({ run, pool, queue, facts }) => {
  if (run.state?.type !== 'SCHEDULED' || queue?.paused == null) return []
  const { by, sinceMicros } = queue.paused
  return [
    {
      rule: 'noticePausedQueue',
      title: `Work queue “${queue.name}” is paused`,
      detail: `It was paused${by === null ? '' : ` by ${by}`} ${spell(facts.nowMicros - sinceMicros)} ago, and hands out no runs.`,
      facts: { work_queue_name: queue.name, paused_by: by, paused_since: formatInstant(sinceMicros) },
      sinceMicros,
      forecastMicros: null,
      action: act(
        'Resume the work queue',
        pool === null
          ? command`prefect work-queue resume ${queue.name}`
          : command`prefect work-queue resume ${queue.name} --pool ${pool.name}`,
        pageOf('work-queue', queue.id),
      ),
      links: [{ kind: 'work-queue', id: queue.id, name: queue.name }],
    },
  ]
}

export const noticeNoWorker: Noticing = (sight) => {
  const { run, pool, facts } = sight
  if (run.state?.type !== 'SCHEDULED' || pool === null || run.policy.retry_type === 'in_process') return []
  const polledLately =
    pool.lastPolledMicros !== null && facts.nowMicros - pool.lastPolledMicros <= POLLED_LATELY_MICROS
  // Agents of clients 2.x poll without being workers.
  if (pool.onlineWorkers > 0 || polledLately) return []
  const seen = Math.max(pool.lastWorker?.seenMicros ?? 0, pool.lastPolledMicros ?? 0)
  const detail =
    seen === 0
      ? `No worker has ever polled the work pool.`
      : `No worker has polled it for ${spell(facts.nowMicros - seen)}${
          pool.lastWorker === null ? '' : `; the last was “${pool.lastWorker.name}”`
        }.`
  return [
    {
      rule: 'noticeNoWorker',
      title: `No worker is online in “${pool.name}”`,
      detail,
      facts: {
        work_pool_name: pool.name,
        work_pool_type: pool.type,
        online_workers: pool.onlineWorkers,
        last_polled: seen === 0 ? null : formatInstant(seen),
        last_worker: pool.lastWorker?.name ?? null,
      },
      sinceMicros: seen === 0 ? null : seen,
      forecastMicros: null,
      action: act(
        'Start a worker',
        isTypeScript(sight)
          ? command`rigel worker start -p ${pool.name}`
          : command`prefect worker start --pool ${pool.name}`,
        pageOf('work-pool', pool.name),
      ),
      links: [
        { kind: 'work-pool', id: pool.id, name: pool.name },
        ...(pool.lastWorker === null
          ? []
          : [{ kind: 'worker' as const, id: pool.lastWorker.id, name: pool.lastWorker.name }]),
      ],
    },
  ]
}

export const noticeFullPool: Noticing = (sight) => noticeFullPlace(sight, 'pool')
export const noticeFullQueue: Noticing = (sight) => noticeFullPlace(sight, 'queue')

/** Asks the rule about one of the two places alone, since it ends at the first that is full. */
function noticeFullPlace(sight: RunSight, kind: 'pool' | 'queue'): readonly WaitingReason[] {
  const { run, facts } = sight
  const seen = sight[kind]
  if (facts.workSlots === null || seen === null || run.state?.type !== 'SCHEDULED') return []
  const other = kind === 'pool' ? 'queue' : 'pool'
  const alone = { ...facts.workSlots, [other]: { ...facts.workSlots[other], limit: null } }
  const held = refusals({ ...sight, facts: { ...facts, workSlots: alone } }, 'PENDING').find(
    ({ rule }) => rule === 'enforceWorkSlots',
  )
  if (held === undefined) return []
  const { limit, active } = facts.workSlots[kind]
  const next = Math.max(active, limit ?? 0) + 1
  return [
    fullLimit({
      rule: held.rule,
      what: `Work ${kind} “${seen.name}”`,
      limit: limit ?? 0,
      active,
      holders: seen.holders,
      nowMicros: facts.nowMicros,
      facts: { [`work_${kind}_name`]: seen.name },
      action: act(
        'Raise the limit',
        kind === 'pool'
          ? command`prefect work-pool set-concurrency-limit ${seen.name} ${next}`
          : command`prefect work-queue set-concurrency-limit ${seen.name} ${next} --pool ${sight.pool?.name ?? ''}`,
        kind === 'pool' ? pageOf('work-pool', seen.name) : pageOf('work-queue', seen.id),
      ),
      link: { kind: `work-${kind}`, id: seen.id, name: seen.name },
    }),
  ]
}

interface FullLimit {
  readonly rule: string
  readonly what: string
  readonly limit: number
  readonly active: number
  readonly holders: readonly SlotHolder[]
  readonly nowMicros: number
  readonly facts: Readonly<Record<string, unknown>>
  readonly action: WaitingReason['action']
  readonly link: WaitingReason['links'][number]
  readonly more?: string
}

export function fullLimit(full: FullLimit): WaitingReason {
  const { limit, active, holders, nowMicros } = full
  const isClosed = limit === 0
  const first = holders[0]
  return {
    rule: full.rule,
    title: isClosed ? `${full.what} is closed: its limit is 0` : `${full.what} is full`,
    detail: isClosed
      ? 'A concurrency limit of 0 lets nothing start.'
      : `${active} of ${limit} ${limit === 1 ? 'slot is' : 'slots are'} taken: by ${listHolders(holders, active, nowMicros)}.${full.more ?? ''}`,
    facts: { ...full.facts, limit, active_slots: active, holders: holderFacts(holders) },
    sinceMicros: first === undefined ? null : Math.max(...holders.map((it) => it.sinceMicros)),
    forecastMicros: isClosed ? null : firstFree(holders, nowMicros),
    action: full.action,
    links: [full.link, ...holderLinks(holders)],
  }
}

export const noticeFullDeployment: Noticing = (sight) => {
  const { run, facts, deployment } = sight
  const limit = facts.deploymentLimit
  if (limit === null || deployment === null || run.state?.type !== 'SCHEDULED') return []
  const held = refusals(sight, 'PENDING').find(({ rule }) => rule === 'secureFlowConcurrencySlots')
  if (held === undefined) return []
  return [
    fullLimit({
      rule: held.rule,
      what: `Deployment “${deployment.name}”`,
      limit: limit.limit,
      active: limit.active,
      holders: deployment.holders,
      nowMicros: facts.nowMicros,
      facts: { deployment_name: deployment.name, collision_strategy: limit.collisionStrategy },
      action: act('Raise the limit', null, pageOf('deployment', deployment.id)),
      link: { kind: 'deployment', id: deployment.id, name: deployment.name },
      ...(limit.collisionStrategy === 'CANCEL_NEW' && {
        more: ' Runs that find no slot are cancelled, as the deployment wishes.',
      }),
    }),
  ]
}

/** A deployment without a work queue runs in the process that serves it, if there is one. */
export const noticeNotServed: Noticing = (sight) => {
  const { run, deployment, pool, facts } = sight
  if (run.state?.type !== 'SCHEDULED' || deployment === null || pool !== null) return []
  if (run.policy.retry_type === 'in_process') return []
  const polled = deployment.lastPolledMicros
  if (polled !== null && facts.nowMicros - polled <= POLLED_LATELY_MICROS) return []
  const since =
    polled === null ? 'has ever asked' : `has asked for its runs for ${spell(facts.nowMicros - polled)}`
  return [
    {
      rule: 'noticeNotServed',
      title: `Nothing serves “${deployment.flowName}/${deployment.name}”`,
      detail:
        `The deployment names no work pool, and no process ${polled === null ? `${since} for its runs` : since}.` +
        (deployment.paused ? ' It is paused, as it is when the process that served it ends.' : ''),
      facts: {
        deployment_name: deployment.name,
        paused: deployment.paused,
        last_polled: polled === null ? null : formatInstant(polled),
      },
      sinceMicros: polled,
      forecastMicros: null,
      action: act(
        'Start the process that serves it',
        isTypeScript(sight) && deployment.entrypoint !== null
          ? command`rigel serve ${deployment.entrypoint}`
          : null,
        pageOf('deployment', deployment.id),
      ),
      links: [{ kind: 'deployment', id: deployment.id, name: deployment.name }],
    },
  ]
}

/** Whose worker can run it: Rigel's own runs JavaScript and TypeScript, the others Python. */
const isTypeScript = ({ deployment }: RunSight): boolean =>
  /\.[cm]?[jt]sx?(:|$)/.test(deployment?.entrypoint ?? '')

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

export const noticeQueueAhead: Noticing = (sight) => {
  const { run, queue } = sight
  if (!isDue(sight) || queue === null || queue.ahead === 0 || run.state === null) return []
  const them = queue.ahead === 1 ? '1 run is' : `${queue.ahead} runs are`
  return [
    {
      rule: 'noticeQueueAhead',
      title: `${them} before it`,
      detail: `${them} due before it in “${queue.name}” or in a queue that is served first.`,
      facts: { work_queue_name: queue.name, ahead: queue.ahead },
      sinceMicros: scheduledMicrosOf(run.state) ?? null,
      forecastMicros: null,
      action: null,
      links: [{ kind: 'work-queue', id: queue.id, name: queue.name }],
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
