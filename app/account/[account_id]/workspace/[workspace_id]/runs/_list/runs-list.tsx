'use client'
import { ArrowUp } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { useEffect, useMemo, useRef, useState } from 'react'
import { useAnnouncer } from '#app/_live/announce.tsx'
import { latestFlowRuns } from '#app/_live/fold.ts'
import { useChanges, useFold } from '#app/_live/live.tsx'
import { Button, buttonClass } from '#app/_ui/button.tsx'
import { Pager } from '#app/_ui/pager.tsx'
import { isFocusFree, openerGone } from '#app/_ui/row-focus.ts'
import { stateWord } from '#app/_ui/states.ts'
import { formatCount } from '#app/_ui/times.ts'
import type { FlowRunRow } from '#lib/control/console/rows.ts'
import type { RunFilter } from '#lib/control/console/run-filter.ts'
import { isFinal } from '#lib/domain/state.ts'
import type { RunLocks } from '../_actions/run-locks.ts'
import { BulkBar } from './bulk-bar.tsx'
import { foldList, letIn, startList } from './list-state.ts'
import { RunsTable } from './runs-table.tsx'
import { useSelection } from './selection.ts'

interface RunsListProps {
  readonly base: string
  readonly rows: readonly FlowRunRow[]
  readonly filter: RunFilter
  readonly firstPage: boolean
  readonly pageSize: number
  readonly count: number
  readonly countCap: number
  readonly flowNames: Readonly<Record<string, string>>
  readonly previousHref: string | null
  readonly nextHref: string | null
  readonly withoutFlow?: boolean
  readonly withoutDeployment?: boolean
  readonly soonestFirst?: boolean
  readonly locks: RunLocks
}

/** Closer than this to the top counts as being there. */
const topPx = 40

export function RunsList(props: RunsListProps) {
  const {
    base,
    rows,
    filter,
    firstPage,
    pageSize,
    count,
    countCap,
    flowNames,
    previousHref,
    nextHref,
    withoutFlow,
    withoutDeployment,
    soonestFirst,
    locks,
  } = props
  const router = useRouter()
  const initial = useMemo(() => startList(rows), [rows])
  const [state, update] = useFold(initial, (held, changes) => foldList(held, changes, filter, firstPage))
  const names = useMemo(() => new Map(Object.entries(flowNames)), [flowNames])
  const [shownCount, setShownCount] = useState({ count, arrived: 0 })
  if (shownCount.count !== count) setShownCount({ count, arrived: 0 })
  const deploymentNames = useMemo(
    () =>
      new Map(
        rows.flatMap((row) =>
          row.deploymentId && row.deploymentName ? [[row.deploymentId, row.deploymentName]] : [],
        ),
      ),
    [rows],
  )
  const selection = useSelection(state.rows)
  const known = useRef(new Set<string>())
  const [arrived, setArrived] = useState<ReadonlySet<string>>(new Set())
  const atTop = useAtTop()
  const { say, region } = useAnnouncer()

  const list = useRef<HTMLDivElement>(null)
  // What was done to many ends with the bar that it was asked in.
  useEffect(() => {
    const enter = () => {
      if (isFocusFree()) list.current?.querySelector<HTMLElement>('thead input, a')?.focus()
    }
    document.addEventListener(openerGone, enter)
    return () => document.removeEventListener(openerGone, enter)
  }, [])

  useEffect(() => {
    for (const row of rows) known.current.add(row.id)
  }, [rows])

  useEffect(() => {
    if (state.waiting.size === 0 || !atTop) return
    const ids = [...state.waiting.keys()]
    const unknownName = [...state.waiting.values()].some(
      (run) =>
        !names.has(run.flowId) || (run.deploymentId !== null && !deploymentNames.has(run.deploymentId)),
    )
    setArrived(new Set(ids))
    setShownCount((before) => ({ ...before, arrived: before.arrived + ids.length }))
    update((held) => letIn(held, names, pageSize, deploymentNames))
    // A flow or a deployment that the page has never seen: its name is the server's to say, once.
    if (unknownName) router.refresh()
  }, [state.waiting, atTop, names, deploymentNames, pageSize, router, update])

  useChanges((changes) => {
    for (const run of latestFlowRuns(changes).values()) {
      if (run && isFinal(run.stateType) && state.rows.some((row) => row.id === run.id)) {
        say(`${run.name} ${stateWord(run.stateName).toLowerCase()}`)
      }
    }
  })

  return (
    <>
      {region}
      {selection.picking ? null : (
        <p className="mb-1 flex justify-end sm:hidden">
          <Button size="sm" kind="ghost" onClick={selection.pick}>
            Select runs
          </Button>
        </p>
      )}
      {selection.picking || selection.ids.size > 0 ? (
        <div className="sm:sticky sm:top-[calc(var(--topbar)+36px)] sm:z-10 sm:h-0">
          <BulkBar
            base={base}
            selection={selection}
            filter={filter}
            shown={state.rows.length}
            count={shownCount.count + shownCount.arrived}
            countCap={countCap}
            locks={locks}
            onDone={() => router.refresh()}
          />
        </div>
      ) : null}
      <div ref={list} className={`relative ${selection.picking ? 'max-sm:pb-28' : ''}`}>
        {state.waiting.size > 0 && !atTop ? (
          <div className="sticky top-[calc(var(--topbar)+8px)] z-10 flex h-0 justify-center">
            <button
              type="button"
              className={`${buttonClass({ size: 'sm' })} pop-in rounded-full shadow-pop`}
              onClick={() => window.scrollTo({ top: 0 })}
            >
              <ArrowUp aria-hidden size={14} />
              {state.waiting.size === 1 ? '1 new run' : `${formatCount(state.waiting.size)} new runs`}
            </button>
          </div>
        ) : null}
        <RunsTable
          base={base}
          rows={state.rows}
          arrived={arrived}
          selection={selection}
          withoutFlow={withoutFlow ?? false}
          withoutDeployment={withoutDeployment ?? false}
        />
      </div>
      <Pager previousHref={previousHref} nextHref={nextHref} always>
        {soonestFirst ? 'Soonest first.' : 'Newest first.'}{' '}
        {formatCount(shownCount.count + shownCount.arrived, countCap)}{' '}
        {shownCount.count + shownCount.arrived === 1 ? 'run' : 'runs'}
      </Pager>
    </>
  )
}

function useAtTop(): boolean {
  const [atTop, setAtTop] = useState(true)
  useEffect(() => {
    const look = () => setAtTop(window.scrollY <= topPx)
    look()
    window.addEventListener('scroll', look, { passive: true })
    return () => window.removeEventListener('scroll', look)
  }, [])
  return atTop
}
