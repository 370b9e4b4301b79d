import { formatInstant } from '../../time.ts'
import { scheduledMicrosOf } from '../bookkeeping.ts'
import { isDue, refusals } from './next-step.ts'
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
  standsBehind,
} from './words.ts'

/** Limits that are full, who holds their slots, and who comes first. */

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
  /** Of a line: since when it waits, and how many stand before it. */
  readonly line?: { readonly sinceMicros: number; readonly ahead: number }
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
    facts: {
      ...full.facts,
      limit,
      active_slots: active,
      holders: holderFacts(holders),
      ...(full.line && { waits_since: formatInstant(full.line.sinceMicros), ahead: full.line.ahead }),
    },
    sinceMicros:
      full.line?.sinceMicros ??
      (first === undefined ? null : Math.max(...holders.map((it) => it.sinceMicros))),
    forecastMicros: isClosed ? null : firstFree(holders, nowMicros, full.line?.ahead),
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

/** Slots of limits that its code asks for by their names; those of tags are told of by themselves. */
export const noticeSlotLine: Noticing = ({ lines, facts: { nowMicros } }) =>
  lines
    .filter(({ name }) => !name.startsWith('tag:'))
    .map(({ limitId, name, limit, active, slots, sinceMicros, ahead, waiting, holders }) => {
      const them = waiting === 1 ? 'It waits' : `It waits ${waiting} times over, first`
      return {
        ...fullLimit({
          rule: 'noticeSlotLine',
          what: `The limit “${name}”`,
          limit,
          active,
          holders,
          nowMicros,
          facts: { limit_name: name, slots, waiting },
          action: act(
            'Raise the limit',
            command`prefect global-concurrency-limit update ${name} --limit ${limit + slots}`,
            pageOf('concurrency-limit', limitId),
          ),
          link: { kind: 'concurrency-limit', id: limitId, name },
          line: { sinceMicros, ahead },
          more:
            ` ${them} for ${slots === 1 ? 'a slot' : `${slots} slots`} since ${clockTime(sinceMicros, nowMicros)}.` +
            standsBehind(ahead),
        }),
        title: `Waits for ${slots === 1 ? 'a slot' : 'slots'} of “${name}”`,
      }
    })

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
