import Link from 'next/link'
import { ButtonLink } from '#app/_ui/button-link.tsx'
import { Card } from '#app/_ui/card.tsx'
import { Command } from '#app/_ui/command.tsx'
import { ShownIcon, StateLabel } from '#app/_ui/state.tsx'
import { Time, Told } from '#app/_ui/time.tsx'
import type { StateRow } from '#lib/control/console/rows.ts'
import type { FlowRunExplanation } from '#lib/control/flow-runs/explain-flow-run.ts'
import type { LinkKind, ReasonLink, WaitingReason } from '#lib/domain/orchestration/waiting/waiting.ts'
import { pageOf } from '#lib/domain/orchestration/waiting/words.ts'
import { formatInstant } from '#lib/domain/time.ts'

interface WhyPanelProps {
  readonly base: string
  readonly runId: string
  readonly explanation: FlowRunExplanation
  readonly states: readonly StateRow[]
  readonly checkedAt: string
}

/** Tells of a time or of what comes next: nothing stands in the way. */
const quietRules: ReadonlySet<string> = new Set([
  'watchStartDeadline',
  'watchFinishDeadline',
  'waitForScheduledTime',
  'dueNow',
])

/** Goes on when a person says so. What is known ahead is only until when they may. */
const waitsForPerson = (reason: WaitingReason): boolean => reason.rule === 'handleResumingPausedFlows'

const numberWords = [
  'Nothing holds',
  'One thing holds',
  'Two things hold',
  'Three things hold',
  'Four things hold',
]

/** Why is this run not running: every reason, with its facts, when it may be over, and the one thing that would help. */
export function WhyPanel({ base, runId, explanation, states, checkedAt }: WhyPanelProps) {
  const { reasons } = explanation
  if (reasons.length === 0) return null
  const blockers = reasons.filter((reason) => !quietRules.has(reason.rule))
  const actions = reasons.flatMap((reason) =>
    reason.action ? [{ ...reason.action, rule: reason.rule }] : [],
  )
  const helpful = actions.filter((action) => action.command || !isHere(action.path, runId))
  return (
    <section
      aria-labelledby="why"
      className="mb-4 grid grid-cols-1 items-start gap-4 lg:grid-cols-[minmax(0,1fr)_264px] xl:grid-cols-[minmax(0,1fr)_360px]"
    >
      <div className="rounded-lg border border-line">
        <header className="flex min-h-10 items-center gap-2 border-line border-b px-4 py-1.5">
          <h2 id="why" className="font-semibold">
            Why is this run not running?
          </h2>
          <span className="ml-auto text-ink-3 text-xs max-sm:hidden">
            Checked <Time at={checkedAt} />, updates live
          </span>
        </header>
        <p className="px-4 pt-3 pb-1.5 text-base">
          {summaryOf(
            blockers,
            reasons,
            states.some((state) => state.type === 'RUNNING'),
          )}
          <Forecast reasons={reasons} />
        </p>
        <ul className="pb-1.5">
          {reasons.map((reason) => (
            <Reason
              key={`${reason.rule}${reason.title}`}
              base={base}
              reason={reason}
              runId={runId}
              checkedAt={checkedAt}
            />
          ))}
        </ul>
      </div>
      <aside aria-label="What can be done" className="grid grid-cols-1 gap-4">
        {helpful.length > 0 ? (
          <Card title="What you can do">
            <ul className="grid grid-cols-1 gap-3.5 p-4">
              {helpful.map((action) => (
                <li key={action.rule + action.label}>
                  <p className="mb-1.5">{action.label}</p>
                  {action.command ? <Command command={action.command} wrap /> : null}
                  {action.path && !isHere(action.path, runId) && !action.command ? (
                    <ButtonLink size="sm" href={`${base}/${action.path}`}>
                      {openWords(action.path)}
                    </ButtonLink>
                  ) : null}
                </li>
              ))}
            </ul>
          </Card>
        ) : null}
        {states.length > 0 ? (
          <Card title="How it got here">
            <ol className="grid gap-1.5 p-4">
              {states.slice(-6).map((state) => (
                <li key={state.id} className="grid grid-cols-[minmax(0,1fr)_auto] gap-2">
                  <StateLabel type={state.type} name={state.name} />
                  <span className="text-ink-3">
                    <Time at={state.at} />
                  </span>
                </li>
              ))}
            </ol>
          </Card>
        ) : null}
      </aside>
    </section>
  )
}

const isHere = (path: string | null, runId: string): boolean =>
  path === null || path.endsWith(`flow-run/${runId}`)

function summaryOf(
  blockers: readonly WaitingReason[],
  reasons: readonly WaitingReason[],
  begun: boolean,
): string {
  const [first] = reasons
  if (blockers.length === 0)
    return first?.rule === 'dueNow'
      ? 'Nothing holds it back: it starts at the next poll.'
      : 'Nothing holds it back but its time.'
  if (blockers.some(waitsForPerson))
    return 'It goes on when somebody resumes it: press Resume run, or resume it from your code.'
  if (blockers.some((reason) => reason.rule === 'watchCancellations'))
    return 'It was asked to stop, and ends instead of going on.'
  const words = numberWords[blockers.length] ?? `${blockers.length} things hold`
  const goes = begun ? 'goes on' : 'starts'
  const due = reasons.some((reason) => reason.rule === 'waitForScheduledTime') ? 'its time has come and ' : ''
  return `${words} it back. It ${goes} by itself when ${due}${blockers.length === 1 ? 'that is' : 'these are'} over.`
}

/** The latest of what can be told: it starts when everything is over. */
function Forecast({ reasons }: { readonly reasons: readonly WaitingReason[] }) {
  const holding = reasons.filter((reason) => !/^watch|^dueNow/.test(reason.rule))
  const known = holding.flatMap((reason) => reason.forecastMicros ?? [])
  if (known.length === 0 || known.length < holding.length || holding.some(waitsForPerson)) return null
  return (
    <span className="text-ink-2">
      {' '}
      That is expected at about{' '}
      <b className="font-medium text-ink">
        <Time at={formatInstant(Math.max(...known))} />
      </b>
      .
    </span>
  )
}

function Reason({
  base,
  reason,
  runId,
  checkedAt,
}: {
  readonly base: string
  readonly reason: WaitingReason
  readonly runId: string
  readonly checkedAt: string
}) {
  const quiet = quietRules.has(reason.rule)
  const [first, ...others] = reason.links.filter((link) => link.id !== runId)
  const open = first && first.kind !== 'flow-run' ? first : null
  const mentioned = open ? others : first ? [first, ...others] : []
  return (
    <li className="flex gap-2.5 border-line border-t px-4 py-2.5 max-sm:flex-wrap">
      <span className="pt-0.5">
        <ShownIcon
          shown={
            quiet
              ? { family: 'wait', glyph: 'clock', word: '' }
              : { family: 'late', glyph: 'blocked', word: '' }
          }
          size={16}
        />
      </span>
      <div className="min-w-0 flex-1">
        <h3 className={quiet ? '' : 'font-medium'}>
          <Told text={reason.title} at={checkedAt} />
        </h3>
        <p className="mt-px text-ink-3 text-xs">
          <Told text={reason.detail} at={checkedAt} />
          {reason.forecastMicros !== null && !quiet && !waitsForPerson(reason) ? (
            <>
              {' '}
              Expected to end at about <Time at={formatInstant(reason.forecastMicros)} />.
            </>
          ) : null}
        </p>
        {mentioned.length > 0 ? (
          <p className="mt-1 flex flex-wrap gap-x-3 text-xs">
            {mentioned.slice(0, 8).map((link) => (
              <Link key={link.kind + link.id} href={`${base}/${addressOf(link)}`} className="link">
                {link.name}
              </Link>
            ))}
          </p>
        ) : null}
      </div>
      {open ? (
        <ButtonLink size="sm" href={`${base}/${addressOf(open)}`} className="max-sm:ml-6.5">
          {openWord[open.kind]}
        </ButtonLink>
      ) : null}
    </li>
  )
}

const openWord = {
  'flow-run': 'Open run',
  'work-pool': 'Open pool',
  'work-queue': 'Open queue',
  worker: 'Open worker',
  deployment: 'Open deployment',
  'concurrency-limit': 'Slot ledger',
} as const satisfies Record<LinkKind, string>

const openWords = (path: string): string =>
  path.startsWith('work-pools/')
    ? 'Open pool'
    : path.startsWith('work-queues/')
      ? 'Open queue'
      : path.startsWith('deployments/')
        ? 'Open deployment'
        : path.startsWith('concurrency-limits/')
          ? 'Slot ledger'
          : 'Open'

/** Pools are addressed by name, the others by id; a worker is shown with its pool. */
const addressOf = (link: ReasonLink): string =>
  pageOf(link.kind, link.kind === 'work-pool' ? link.name : link.id)
