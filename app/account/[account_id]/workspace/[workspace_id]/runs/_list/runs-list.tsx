'use client'
import { ArrowUp } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { useEffect, useMemo, useRef, useState } from 'react'
import { useAnnouncer } from '#app/_live/announce.tsx'
import { latestFlowRuns } from '#app/_live/fold.ts'
import { useChanges, useFold } from '#app/_live/live.tsx'
import { ButtonLink, buttonClass } from '#app/_ui/button.tsx'
import { stateWord } from '#app/_ui/states.ts'
import { formatCount } from '#app/_ui/times.ts'
import type { FlowRunRow } from '#lib/control/console/rows.ts'
import type { RunFilter } from '#lib/control/console/run-filter.ts'
import { isFinal } from '#lib/domain/state.ts'
import { foldList, letIn, startList } from './list-state.ts'
import { RunsTable } from './runs-table.tsx'

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
  } = props
  const router = useRouter()
  const initial = useMemo(() => startList(rows), [rows])
  const [state, update] = useFold(initial, (held, changes) => foldList(held, changes, filter, firstPage))
  const names = useMemo(() => new Map(Object.entries(flowNames)), [flowNames])
  const [shownCount, setShownCount] = useState({ count, arrived: 0 })
  if (shownCount.count !== count) setShownCount({ count, arrived: 0 })
  const known = useRef(new Set<string>())
  const [arrived, setArrived] = useState<ReadonlySet<string>>(new Set())
  const atTop = useAtTop()
  const { say, region } = useAnnouncer()

  useEffect(() => {
    for (const row of rows) known.current.add(row.id)
  }, [rows])

  useEffect(() => {
    if (state.waiting.size === 0 || !atTop) return
    const ids = [...state.waiting.keys()]
    const unknownFlow = [...state.waiting.values()].some((run) => !names.has(run.flowId))
    setArrived(new Set(ids))
    setShownCount((before) => ({ ...before, arrived: before.arrived + ids.length }))
    update((held) => letIn(held, names, pageSize))
    // A flow that the page has never seen: its name is the server's to say, once.
    if (unknownFlow) router.refresh()
  }, [state.waiting, atTop, names, pageSize, router, update])

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
      <div className="relative">
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
          {...(withoutFlow ? { withoutFlow } : {})}
        />
      </div>
      <nav aria-label="Pages" className="flex items-center gap-3 py-2.5 text-ink-3 text-xs">
        <span>
          Newest first. {formatCount(shownCount.count + shownCount.arrived, countCap)}{' '}
          {shownCount.count + shownCount.arrived === 1 ? 'run' : 'runs'}
        </span>
        <span className="ml-auto flex gap-2">
          <Turn href={previousHref} word="Previous" />
          <Turn href={nextHref} word="Next" />
        </span>
      </nav>
    </>
  )
}

function Turn({ href, word }: { readonly href: string | null; readonly word: string }) {
  return href === null ? (
    <span aria-disabled className={buttonClass({ size: 'sm' })}>
      {word}
    </span>
  ) : (
    <ButtonLink href={href} size="sm">
      {word}
    </ButtonLink>
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
