import type { Metadata } from 'next'
import Link from 'next/link'
import { notFound } from 'next/navigation'
import { cache } from 'react'
import { RefreshAt } from '#app/_live/refresh-at.tsx'
import { RefreshOn } from '#app/_live/refresh-on.tsx'
import { enter, enterLive, isUuid, type WorkspaceParams } from '#app/_server/enter.ts'
import { whyNot } from '#app/_server/why-not.ts'
import { TopBar } from '#app/_shell/top-bar.tsx'
import { Card } from '#app/_ui/card.tsx'
import { Denied } from '#app/_ui/denied.tsx'
import { KeepRow } from '#app/_ui/keep-row.tsx'
import { Meter } from '#app/_ui/meter.tsx'
import { PageHeader } from '#app/_ui/page-header.tsx'
import { RunName } from '#app/_ui/run-name.tsx'
import { ShownBadge } from '#app/_ui/state.tsx'
import { Table } from '#app/_ui/table.tsx'
import { RunningDuration, Time } from '#app/_ui/time.tsx'
import { formatCount } from '#app/_ui/times.ts'
import { type HeldSlots, listSlots } from '#lib/control/concurrency-limits/list-slots.ts'
import { listWaiters, type SlotWaiter } from '#lib/control/concurrency-limits/list-waiters.ts'
import { type LimitListRow, listLimits } from '#lib/control/console/list-limits.ts'
import type { Context } from '#lib/control/context.ts'
import { LeaseLeft } from '../../_limit/lease-left.tsx'
import { LimitActions } from '../../_limit/limit-actions.tsx'
import { kindOf, limitSentence, limitStanding } from '../../_limit/limit-words.ts'
import { ReleaseSlots } from '../../_limit/release-slots.tsx'

interface Props {
  readonly params: Promise<WorkspaceParams & { readonly limit_id: string }>
}

const mostLimits = 100
const mostHolders = 200

const limitOf = cache(async (ctx: Context, id: string): Promise<LimitListRow | undefined> => {
  const { rows } = await listLimits(ctx, { name: null, id, pageSize: 1, offset: 0 })
  return rows[0]
})

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const { ctx } = await enter(params)
  const { limit_id } = await params
  if (!isUuid(limit_id) || !ctx.access.scopes.has('see_concurrency_limits')) return { title: 'Limit' }
  return { title: (await limitOf(ctx, limit_id.toLowerCase()))?.label ?? 'Not found' }
}

export default async function LimitPage({ params }: Props) {
  const entered = await enterLive(params)
  const { ctx, base, cursor } = entered
  const id = (await params).limit_id.toLowerCase()
  if (!isUuid(id)) notFound()
  const list = { label: 'Concurrency', href: `${base}/concurrency-limits` }
  if (!ctx.access.scopes.has('see_concurrency_limits'))
    return (
      <Denied
        entered={entered}
        crumbs={[list]}
        what="the limits of this workspace"
        needs="see_concurrency_limits"
      />
    )
  const limit = await limitOf(ctx, id)
  if (!limit) notFound()
  const [{ rows: limits, count }, held, waiting] = await Promise.all([
    listLimits(ctx, { name: null, pageSize: mostLimits, offset: 0 }),
    listSlots(ctx, { id }, { limit: mostHolders, offset: 0 }),
    listWaiters(ctx, { id }, { limit: mostHolders, offset: 0 }),
  ])
  const why = whyNot(entered, 'manage_concurrency_limits')
  return (
    <>
      <TopBar crumbs={[list, { label: limit.label }]} />
      <RefreshOn
        nouns={['concurrency-limit']}
        runs="refresh"
        cursor={cursor}
        mortal={{ id: id, what: 'limit', href: `${base}/concurrency-limits`, words: 'Open concurrency' }}
      />
      <RefreshAt at={firstEndOf(held)} />
      <main id="main" tabIndex={-1} className="page">
        <div className="grid grid-cols-1 items-start gap-6 xl:grid-cols-[232px_minmax(0,1fr)]">
          <nav aria-label="Limits" className="rounded-lg border border-line max-xl:hidden">
            <h2 className="border-line border-b px-4 py-2.5 font-semibold">
              Limits <span className="ml-1 font-normal text-ink-3 text-xs">{formatCount(count)}</span>
            </h2>
            <ul className="max-h-[70dvh] overflow-y-auto p-1">
              {limits.map((each) => (
                <li key={each.id}>
                  <Link
                    href={`${base}/concurrency-limits/concurrency-limit/${each.id}`}
                    aria-current={each.id === id ? 'page' : undefined}
                    className="block rounded-md px-3 py-2 hover:bg-hover aria-[current]:bg-active"
                  >
                    <span className="flex items-baseline gap-2">
                      <span className="min-w-0 flex-1 truncate font-medium" title={each.label}>
                        {each.label}
                      </span>
                      <span className="text-ink-2 text-xs">
                        {formatCount(each.activeSlots)} / {formatCount(each.slotLimit)}
                      </span>
                    </span>
                    <span aria-hidden className="my-1 block">
                      <Meter value={each.activeSlots} of={each.slotLimit} label="" bare />
                    </span>
                    <span className="text-2xs text-ink-3">{kindOf(each)}</span>
                  </Link>
                </li>
              ))}
            </ul>
          </nav>
          <div className="min-w-0">
            <PageHeader
              title={limit.label}
              badge={<ShownBadge shown={limitStanding(limit)} />}
              sub={limitSentence(limit)}
              actions={
                <LimitActions
                  base={base}
                  limit={{
                    id: limit.id,
                    name: limit.name,
                    label: limit.label,
                    kind: limit.kind,
                    slotLimit: limit.slotLimit,
                    active: limit.active,
                    slotDecayPerSecond: limit.slotDecayPerSecond,
                    holders: limit.holders,
                  }}
                  why={why}
                />
              }
            />
            {limit.deploymentId ? (
              <p className="mb-3">
                <Link href={`${base}/deployments/deployment/${limit.deploymentId}`} className="link">
                  Open the deployment
                </Link>
              </p>
            ) : null}
            <Card
              title={
                <>
                  Held now{' '}
                  <span className="ml-1 font-normal text-ink-3 text-xs">
                    {formatCount(limit.activeSlots)} of {formatCount(limit.slotLimit)}
                  </span>
                </>
              }
            >
              <div className="border-line border-b px-4 py-3">
                <Meter value={limit.activeSlots} of={limit.slotLimit} label="Slots" bare />
              </div>
              {held.length === 0 ? (
                <p className="px-4 py-3 text-ink-3">Nobody holds a slot.</p>
              ) : (
                <Ledger base={base} limit={limit} held={held} why={why} />
              )}
            </Card>
            <Card
              className="mt-4"
              title={
                <>
                  Waiting{' '}
                  <span className="ml-1 font-normal text-ink-3 text-xs">
                    {waiting.length < mostHolders
                      ? formatCount(waiting.length)
                      : `${formatCount(mostHolders)}+`}
                  </span>
                </>
              }
            >
              {waiting.length === 0 ? (
                <p className="px-4 py-3 text-ink-3">Nobody waits for a slot.</p>
              ) : (
                <Waiting base={base} waiting={waiting} />
              )}
            </Card>
          </div>
        </div>
      </main>
    </>
  )
}

function Waiting({ base, waiting }: { readonly base: string; readonly waiting: readonly SlotWaiter[] }) {
  return (
    <Table
      caption="Who waits for slots"
      inset
      columns={[
        { head: 'Slots', width: 64 },
        { head: 'Who' },
        { head: 'Since', width: 110, from: 'lg' },
        { head: 'Waits for', width: 110, num: true },
        { head: 'Asks again', width: 170 },
      ]}
    >
      {waiting.map((each) => (
        <tr key={each.id}>
          <td className="hide">{formatCount(each.slots)}</td>
          <td>
            {each.flowName !== null && each.holderName !== null ? (
              <Link href={`${base}/runs/flow-run/${each.holderId}`} className="row-link title-link flex">
                <RunName flow={each.flowName} run={each.holderName} />
              </Link>
            ) : (
              <Holder base={base} holder={each} />
            )}
          </td>
          <td className="hide text-ink-2 max-lg:hidden">
            <Time at={each.since} />
          </td>
          <td className="num end">
            <RunningDuration since={each.since} />
          </td>
          <td className="whole text-ink-2">
            {each.asksAgainAt === null ? (
              <span className="text-ink-3">When one is free</span>
            ) : (
              <>
                <span className="sm:hidden">Asks again </span>
                <Time at={each.asksAgainAt} />
              </>
            )}
          </td>
        </tr>
      ))}
    </Table>
  )
}

const holderWords = {
  flow_run: 'Flow run',
  task_run: 'Task run',
  deployment: 'Deployment',
  operator: 'Set by hand',
  client: 'A client that gave no name',
} as const satisfies Record<HeldSlots['holderType'], string>

/** When the first of the leases ends, unless it is renewed. */
const firstEndOf = (held: readonly HeldSlots[]): string | null =>
  held.reduce<string | null>(
    (first, { expiresAt }) =>
      expiresAt !== null && (first === null || expiresAt < first) ? expiresAt : first,
    null,
  )

function Ledger({
  base,
  limit,
  held,
  why,
}: {
  readonly base: string
  readonly limit: LimitListRow
  readonly held: readonly HeldSlots[]
  readonly why: string | null
}) {
  return (
    <KeepRow ids={held.map((each) => each.leaseId)}>
      <Table
        caption="Who holds slots"
        inset
        columns={[
          { head: 'Slots', width: 64 },
          { head: 'Holder' },
          { head: 'Taken', width: 110, from: 'lg' },
          { head: 'Held for', width: 110, num: true },
          { head: 'Lease', width: 170 },
          { head: 'Actions', unseen: true, width: 104 },
        ]}
      >
        {held.map((each) => (
          <tr key={each.leaseId}>
            <td className="hide">{formatCount(each.slots)}</td>
            <td>
              <Holder base={base} holder={each} />
            </td>
            <td className="hide text-ink-2 max-lg:hidden">
              <Time at={each.heldSince} />
            </td>
            <td className="num end">
              <RunningDuration since={each.heldSince} />
            </td>
            <td className="text-ink-2">
              {each.expiresAt === null ? (
                <span className="text-ink-3">Until given back</span>
              ) : (
                <LeaseLeft since={each.heldSince} until={each.expiresAt} />
              )}
            </td>
            <td className="num end overflow-visible!">
              <ReleaseSlots
                base={base}
                limitId={limit.id}
                leaseId={each.leaseId}
                slots={each.slots}
                holder={each.holderName ?? holderWords[each.holderType]}
                why={why}
              />
            </td>
          </tr>
        ))}
      </Table>
    </KeepRow>
  )
}

function Holder({
  base,
  holder: { holderType, holderId, holderName },
}: {
  readonly base: string
  readonly holder: Pick<HeldSlots, 'holderType' | 'holderId' | 'holderName'>
}) {
  const places = {
    flow_run: 'runs/flow-run',
    task_run: 'runs/task-run',
    deployment: 'deployments/deployment',
  } as const
  const place = holderType === 'operator' || holderType === 'client' ? null : places[holderType]
  if (place === null || holderId === null || holderName === null) {
    return (
      <span className="text-ink-2">
        {holderType === 'operator' || holderType === 'client'
          ? holderWords[holderType]
          : `${holderWords[holderType]}, deleted`}
      </span>
    )
  }
  return (
    <Link href={`${base}/${place}/${holderId}`} className="title-link block truncate" title={holderName}>
      <span className="text-ink-3">{holderWords[holderType]}</span>{' '}
      <span className="font-medium">{holderName}</span>
    </Link>
  )
}
