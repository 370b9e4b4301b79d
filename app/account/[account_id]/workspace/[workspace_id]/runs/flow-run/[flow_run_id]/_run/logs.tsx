'use client'
import { ArrowDown, ChevronDown, ListFilter, ScrollText, Search } from 'lucide-react'
import dynamic from 'next/dynamic'
import Link from 'next/link'
import { useRouter } from 'next/navigation'
import { type ReactNode, Suspense, useCallback, useEffect, useMemo, useRef, useState } from 'react'
import { useFold } from '#app/_live/live.tsx'
import { buttonClass } from '#app/_ui/button.tsx'
import { ButtonLink } from '#app/_ui/button-link.tsx'
import { chipClass } from '#app/_ui/chip.tsx'
import { EmptyState } from '#app/_ui/empty.tsx'
import { Menu, MenuRadio, MenuRadioGroup } from '#app/_ui/menu.tsx'
import { formatCount } from '#app/_ui/times.ts'
import type { LogPage } from '#lib/control/console/list-logs.ts'
import type { FlowRunRow, LogRow, TaskRunRow } from '#lib/control/console/rows.ts'
import { isFinal } from '#lib/domain/state.ts'
import { LogLine } from './log-line.tsx'
import { foldLogs, startLogs } from './log-state.ts'
import { type LogQuery, logLevels, runHref } from './tabs.ts'
import type { VirtualHandle } from './virtual-lines.tsx'

// Most runs write few lines; the others fetch what keeps a long list light.
const VirtualLines = dynamic(() => import('./virtual-lines.tsx').then((file) => file.VirtualLines))

interface LogsProps {
  readonly path: string
  readonly run: FlowRunRow
  readonly tasks: ReadonlyMap<string, TaskRunRow>
  readonly query: LogQuery
  readonly page: LogPage
  /** On a task run's own page there is no other task to choose. */
  readonly onlyTask?: boolean
}

/** Over this many lines only those in sight are in the document. */
const virtualFrom = 200
const nearEndPx = 30

export function Logs({ path, run, tasks, query, page, onlyTask }: LogsProps) {
  const atEnd = !page.hasLater
  const initial = useMemo(() => startLogs(page), [page])
  const [state] = useFold(initial, (held, changes) => foldLogs(held, changes, run.id, query, atEnd))
  const [follow, setFollow] = useState(atEnd && query.line === null && !isFinal(run.stateType))
  const [unseenFrom, setUnseenFrom] = useState(state.rows.length)
  const scroller = useRef<HTMLDivElement>(null)
  const virtual = useRef<VirtualHandle>(null)
  const [totalPx, setTotalPx] = useState(0)
  const virtualised = state.rows.length > virtualFrom
  const count = state.rows.length
  // A task run's own page speaks of its own lines.
  const lines = onlyTask ? (state.ofTask ?? state.total) : state.total

  const toEnd = useCallback(() => {
    const box = scroller.current
    if (virtualised) virtual.current?.toIndex(count - 1, 'end')
    else if (box) box.scrollTop = box.scrollHeight
  }, [virtualised, count])
  // The end moves as lines come and as their heights become known.
  useEffect(() => {
    if (follow && (count > 0 || totalPx > 0)) toEnd()
  }, [follow, count, totalPx, toEnd])
  // Lines that came in sight are seen, whether they are followed or not.
  useEffect(() => {
    const box = scroller.current
    if (box && box.scrollHeight - box.scrollTop - box.clientHeight < nearEndPx) setUnseenFrom(count)
  }, [count])
  // The box ends where the window does, so that the newest line is in sight, also as the timeline above it grows.
  const isEmpty = count === 0
  const kept = useRef({ follow, toEnd })
  kept.current = { follow, toEnd }
  useEffect(() => {
    const main = scroller.current?.closest('main')
    if (isEmpty || !main) return
    const observer = new ResizeObserver(() => {
      endWithWindow(scroller.current)
      if (kept.current.follow) kept.current.toEnd()
    })
    observer.observe(main)
    return () => observer.disconnect()
  }, [isEmpty])
  // A page without a line to go to opens at its end, as a terminal does: a frame later, when the box and its lines have
  // their heights.
  const place = useRef(() => {})
  place.current = () => {
    const box = scroller.current
    if (!box) return
    endWithWindow(box)
    const index = query.line === null ? -1 : state.rows.findIndex((row) => row.line === query.line)
    if (index < 0) toEnd()
    else if (virtualised) virtual.current?.toIndex(index, 'center')
    else box.querySelector(`#L${query.line}`)?.scrollIntoView({ block: 'center' })
    if (index >= 0) box.scrollIntoView({ block: 'nearest' })
  }
  useEffect(() => {
    const frame = requestAnimationFrame(() => place.current())
    return () => cancelAnimationFrame(frame)
  }, [])

  const goToError = () => {
    const first = virtualised ? (virtual.current?.first() ?? 0) : 0
    const errors = state.rows.flatMap((row, index) => (row.level >= 40 ? [index] : []))
    const next = errors.find((index) => index > first + 2) ?? errors[0]
    if (next === undefined) return
    setFollow(false)
    if (virtualised) virtual.current?.toIndex(next, 'start')
    else scroller.current?.querySelector(`#L${state.rows[next]?.line}`)?.scrollIntoView({ block: 'center' })
  }
  const keys = useRef({ goToError, toggle: () => setFollow((on) => !on) })
  keys.current.goToError = goToError
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.metaKey || event.ctrlKey || event.altKey) return
      if (
        event.target instanceof HTMLElement &&
        event.target.closest('input, textarea, select, [role=menu], [role=dialog]')
      )
        return
      if (event.key === 'e') keys.current.goToError()
      if (event.key === 'f') keys.current.toggle()
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [])

  const onScroll = () => {
    const box = scroller.current
    if (!box) return
    const end = box.scrollHeight - box.scrollTop - box.clientHeight < nearEndPx
    if (end) setUnseenFrom(count)
    else if (follow && box.dataset.last !== undefined && box.scrollTop < Number(box.dataset.last) - 2) {
      setFollow(false)
      setUnseenFrom(count)
    }
    box.dataset.last = String(box.scrollTop)
  }
  const unseen = follow ? 0 : Math.max(0, count - unseenFrom)
  const filtered = query.text !== null || query.taskRunId !== null || query.level > 20
  const names = useMemo(() => new Map([...tasks].map(([id, task]) => [id, task.name])), [tasks])

  const lineOf = (row: LogRow) => (
    <LogLine
      row={row}
      path={path}
      query={query}
      task={row.taskRunId === null ? '' : (names.get(row.taskRunId) ?? '')}
      flow={run.flowName}
    />
  )

  const plainLines = <PlainLines rows={state.rows}>{lineOf}</PlainLines>
  return (
    <section aria-label="Logs">
      <Toolbar
        path={path}
        query={query}
        tasks={tasks}
        total={lines}
        follow={follow}
        canFollow={atEnd}
        choosesTask={!onlyTask && tasks.size > 0}
        onFollow={() => setFollow(!follow)}
      />
      {page.hasEarlier || state.dropped > 0 ? (
        <p className="pb-2 text-center">
          <Link
            href={runHref(path, 'logs', {
              ...query,
              line: null,
              upTo: Math.max(1, (state.rows[0]?.line ?? 1) - 1),
            })}
            scroll={false}
            className="link text-xs"
          >
            Earlier lines
          </Link>
        </p>
      ) : null}
      {count === 0 ? (
        (filtered && !onlyTask) || lines > 0 ? (
          <EmptyState
            icon={<ListFilter size={16} />}
            fact={`No ${query.level > 20 ? `${levelWord(query.level)} ` : ''}lines${query.text ? ` with “${query.text}”` : ''}${query.taskRunId ? ` of ${names.get(query.taskRunId) ?? 'this task run'}` : ''}`}
            actions={
              <ButtonLink href={runHref(path, 'logs', { level: 10 })} size="sm" scroll={false}>
                Show all lines
              </ButtonLink>
            }
          >
            {lines === 0
              ? 'This run has written none.'
              : `${formatCount(lines)} ${lines === 1 ? 'line' : 'lines'} in all.`}
          </EmptyState>
        ) : (
          <EmptyState icon={<ScrollText size={16} />} fact="No log lines">
            {isFinal(run.stateType) ? 'This run wrote none.' : 'Lines arrive here as the run writes them.'}
          </EmptyState>
        )
      ) : (
        <div className="relative">
          <div
            ref={scroller}
            onScroll={onScroll}
            // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reached by keyboard
            tabIndex={0}
            role="log"
            aria-live="off"
            aria-label="Log lines"
            className="-mx-3 max-h-[70dvh] overflow-y-auto overscroll-y-contain"
          >
            {virtualised ? (
              // A log that grows long while it is read stays in sight until the code for long ones is there.
              <Suspense fallback={plainLines}>
                <VirtualLines
                  handle={virtual}
                  scroller={scroller}
                  rows={state.rows}
                  onSize={setTotalPx}
                  onReady={() => requestAnimationFrame(() => place.current())}
                >
                  {lineOf}
                </VirtualLines>
              </Suspense>
            ) : (
              plainLines
            )}
          </div>
          {unseen > 0 ? (
            <div className="absolute inset-x-0 bottom-3 flex justify-center">
              <button
                type="button"
                className={`${buttonClass({ size: 'sm' })} pop-in rounded-full shadow-pop`}
                onClick={() => {
                  toEnd()
                  setUnseenFrom(count)
                }}
              >
                <ArrowDown aria-hidden size={14} />
                {unseen === 1 ? '1 new line' : `${formatCount(unseen)} new lines`}
              </button>
            </div>
          ) : null}
        </div>
      )}
      {page.hasLater ? (
        <p className="flex justify-center gap-4 pt-2 text-center">
          <Link
            href={runHref(path, 'logs', { ...query, line: null, upTo: (state.rows.at(-1)?.line ?? 0) + 500 })}
            scroll={false}
            className="link text-xs"
          >
            Later lines
          </Link>
          <Link
            href={runHref(path, 'logs', { ...query, line: null, upTo: null })}
            scroll={false}
            className="link text-xs"
          >
            To the end
          </Link>
        </p>
      ) : null}
    </section>
  )
}

function endWithWindow(box: HTMLElement | null): void {
  if (!box) return
  const topPx = box.getBoundingClientRect().top + window.scrollY
  box.style.maxHeight = `max(320px, calc(100dvh - ${Math.round(topPx)}px - 24px))`
}

function PlainLines({
  rows,
  children,
}: {
  readonly rows: readonly LogRow[]
  readonly children: (row: LogRow) => ReactNode
}) {
  return (
    <ol>
      {rows.map((row) => (
        <li key={row.id} id={`L${row.line}`}>
          {children(row)}
        </li>
      ))}
    </ol>
  )
}

const levelWord = (level: number): string =>
  (logLevels.find((each) => each.level === level)?.word ?? '').toLowerCase()

interface ToolbarProps {
  readonly path: string
  readonly query: LogQuery
  readonly tasks: ReadonlyMap<string, TaskRunRow>
  readonly total: number
  readonly follow: boolean
  readonly canFollow: boolean
  readonly choosesTask: boolean
  readonly onFollow: () => void
}

function Toolbar({ path, query, tasks, total, follow, canFollow, choosesTask, onFollow }: ToolbarProps) {
  const router = useRouter()
  const show = (changes: Partial<LogQuery>) =>
    router.push(runHref(path, 'logs', { ...query, line: null, upTo: null, ...changes }), { scroll: false })
  const [text, setText] = useState(query.text ?? '')
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => () => clearTimeout(timer.current), [])
  const [taskFilter, setTaskFilter] = useState('')
  const choices = useMemo(() => {
    const wanted = taskFilter.trim().toLowerCase()
    return [...tasks.values()].filter((task) => task.name.toLowerCase().includes(wanted)).slice(0, 60)
  }, [tasks, taskFilter])
  const chosen = query.taskRunId === null ? null : (tasks.get(query.taskRunId)?.name ?? query.taskRunId)
  return (
    <div className="flex flex-wrap items-center gap-2 py-2.5">
      <label className="flex h-7 min-w-40 flex-1 items-center gap-2 rounded-md border border-line-control bg-surface px-2.5 text-ink-3 has-focus-visible:outline-2 has-focus-visible:outline-focus has-focus-visible:outline-offset-2 sm:max-w-75 max-sm:h-9">
        <Search aria-hidden size={14} className="flex-none" />
        <input
          data-page-search
          type="search"
          aria-label="Search logs"
          placeholder="Search logs"
          value={text}
          maxLength={200}
          onChange={(event) => {
            const next = event.target.value
            setText(next)
            clearTimeout(timer.current)
            timer.current = setTimeout(() => show({ text: next.trim() || null }), 200)
          }}
          className="min-w-0 flex-1 bg-transparent text-ink text-xs outline-none max-sm:text-lg [&::-webkit-search-cancel-button]:appearance-none"
        />
      </label>
      <Menu
        trigger={
          <button type="button" className={chipClass(query.level === 20 ? 'plain' : 'set')}>
            Level{' '}
            <b className="font-medium text-ink">
              {logLevels.find((each) => each.level === query.level)?.word}
            </b>
            <ChevronDown aria-hidden size={14} />
          </button>
        }
      >
        <MenuRadioGroup value={String(query.level)} onValueChange={(level) => show({ level: Number(level) })}>
          {logLevels.map(({ level, word }) => (
            <MenuRadio key={level} value={String(level)}>
              {word} {level < 40 ? 'and above' : ''}
            </MenuRadio>
          ))}
        </MenuRadioGroup>
      </Menu>
      {choosesTask ? (
        <Menu
          className="w-72"
          trigger={
            <button type="button" className={chipClass(chosen === null ? 'plain' : 'set')}>
              Task <b className="max-w-48 truncate font-medium text-ink">{chosen ?? 'all'}</b>
              <ChevronDown aria-hidden size={14} />
            </button>
          }
        >
          {tasks.size > 12 ? (
            <input
              aria-label="Filter tasks"
              placeholder="Filter"
              value={taskFilter}
              onChange={(event) => setTaskFilter(event.target.value)}
              onKeyDown={(event) => {
                if (event.key.length === 1) event.stopPropagation()
              }}
              className="mb-1 h-8 w-full rounded-[5px] border border-line-control bg-surface px-2"
            />
          ) : null}
          <MenuRadioGroup
            value={query.taskRunId ?? ''}
            onValueChange={(taskRunId) => show({ taskRunId: taskRunId || null })}
          >
            <MenuRadio value="">All tasks</MenuRadio>
            {choices.map((task) => (
              <MenuRadio key={task.id} value={task.id}>
                <span className="truncate">{task.name}</span>
              </MenuRadio>
            ))}
          </MenuRadioGroup>
        </Menu>
      ) : null}
      <span className="ml-auto text-ink-3 text-xs max-sm:hidden">
        {formatCount(total)} {total === 1 ? 'line' : 'lines'}
      </span>
      {canFollow ? (
        <button
          type="button"
          aria-pressed={follow}
          onClick={onFollow}
          className={chipClass(follow ? 'set' : 'plain')}
        >
          <ArrowDown aria-hidden size={14} />
          <b className="font-medium text-ink">Follow</b>
        </button>
      ) : null}
    </div>
  )
}
