'use client'
import { ScrollText } from 'lucide-react'
import Link from 'next/link'
import { ButtonLink } from '#app/_ui/button-link.tsx'
import { CopyButton } from '#app/_ui/copy-button.tsx'
import { showState } from '#app/_ui/states.ts'
import { Time, Told } from '#app/_ui/time.tsx'
import { formatCount } from '#app/_ui/times.ts'
import type { FlowRunRow, TaskRunRow } from '#lib/control/console/rows.ts'
import { runHref } from './tabs.ts'

/** The line at which it broke, among all lines of the run. */
export interface FirstError {
  readonly line: number
  readonly total: number
}

interface ErrorPanelProps {
  readonly base: string
  readonly path: string
  readonly run: FlowRunRow
  readonly tasks: ReadonlyMap<string, TaskRunRow>
  readonly firstError: FirstError | null
  /** It broke while the page was open: its line is not known yet, its errors are. */
  readonly justNow: boolean
}

/** What broke, in its own words, and the one action that leads to the evidence. */
export function ErrorPanel({ base, path, run, tasks, firstError, justNow }: ErrorPanelProps) {
  // A run may break without a word of it in its log.
  const silent = firstError === null && !justNow
  const where = firstError ? { line: firstError.line } : justNow ? { level: 40 } : {}
  const family = showState(run.stateType, run.stateName).family
  const broken = [...tasks.values()]
    .filter((task) => task.stateType === 'FAILED' || task.stateType === 'CRASHED')
    .sort((a, b) => (a.stateAt < b.stateAt ? -1 : 1))
  const [task] = broken
  const words = (task?.stateMessage || run.stateMessage).trim()
  const [first = '', ...rest] = words.split('\n')
  // What the code said stays as it said it; what Rigel found tells its times as pages do.
  const found = !task && (family === 'crash' || run.stateName !== 'Failed')
  return (
    <section
      data-family={family}
      aria-labelledby="what-broke"
      className="mb-3 rounded-lg bg-(--tint) px-4 py-3 shadow-[inset_3px_0_0_var(--mk)]"
    >
      <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
        <h2 id="what-broke" className="font-medium text-base">
          {task ? (
            <>
              <Link href={`${base}/runs/task-run/${task.id}`} className="title-link font-mono text-sm">
                {task.name}
              </Link>{' '}
              {task.stateType === 'CRASHED' ? 'crashed' : 'failed'}
              {task.runCount > 1 ? ` on attempt ${task.runCount}` : ''}
              {broken.length > 1 ? (
                <span className="font-normal text-ink-2"> and {formatCount(broken.length - 1)} more</span>
              ) : null}
            </>
          ) : run.stateType === 'CRASHED' ? (
            'The run crashed'
          ) : (
            'The run failed'
          )}
        </h2>
        <span className="text-ink-3 text-xs">
          <Time at={task?.stateAt ?? run.stateAt} />
        </span>
      </div>
      {words === '' ? (
        <p className="mt-1 mb-3 text-ink-2">
          It came without a message. Its log lines say more, if it wrote any.
        </p>
      ) : (
        <pre className="mt-2 mb-3 max-h-60 overflow-auto whitespace-pre-wrap rounded-md border border-line bg-surface p-3 font-mono text-xs leading-[18px] [overflow-wrap:anywhere]">
          <span className="text-(--fg)">{found ? <Told text={first} at={run.stateAt} /> : first}</span>
          {rest.length > 0 ? <span className="text-ink-3">{`\n${rest.join('\n')}`}</span> : null}
        </pre>
      )}
      <div className="flex flex-wrap items-center gap-2">
        <ButtonLink kind="primary" size="sm" href={runHref(path, 'logs', where)} scroll={false}>
          <ScrollText aria-hidden size={14} />
          {silent ? 'Open logs' : 'Open failing log'}
        </ButtonLink>
        {words === '' ? null : (
          <CopyButton text={words} label="Copy error" kind="plain">
            Copy error
          </CopyButton>
        )}
        {firstError ? (
          <span className="text-ink-3 text-xs max-sm:hidden">
            Line {formatCount(firstError.line)} of {formatCount(firstError.total)}
          </span>
        ) : null}
      </div>
    </section>
  )
}
