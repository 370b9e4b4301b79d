'use client'
import { Layers, Workflow } from 'lucide-react'
import Link from 'next/link'
import { useMemo, useState } from 'react'
import { Button } from '#app/_ui/button.tsx'
import { EmptyState } from '#app/_ui/empty.tsx'
import { RunDuration } from '#app/_ui/run-duration.tsx'
import { RunState } from '#app/_ui/run-state.tsx'
import { Time } from '#app/_ui/time.tsx'
import { formatCount } from '#app/_ui/times.ts'
import type { FlowRunRow, TaskRunRow } from '#lib/control/console/rows.ts'
import { RunsTable } from '../../../_list/runs-table.tsx'

/** Drawn at first, and by every further press. */
const step = 200

export function TaskRunTable({
  base,
  tasks,
  cut,
}: {
  readonly base: string
  readonly tasks: readonly TaskRunRow[]
  readonly cut: boolean
}) {
  const [shown, setShown] = useState(step)
  const ordered = useMemo(
    () => [...tasks].sort((a, b) => ((a.startAt ?? '~') < (b.startAt ?? '~') ? -1 : 1)),
    [tasks],
  )
  if (tasks.length === 0) {
    return (
      <div className="pt-4">
        <EmptyState icon={<Layers size={16} />} fact="No task runs">
          Each task that this run calls shows up here as it starts.
        </EmptyState>
      </div>
    )
  }
  return (
    <>
      <table className="t flush stack">
        <caption className="sr-only">Task runs</caption>
        <colgroup>
          <col style={{ width: 160 }} />
          <col />
          <col style={{ width: 90 }} className="max-lg:hidden" />
          <col style={{ width: 132 }} />
          <col style={{ width: 104 }} />
        </colgroup>
        <thead>
          <tr>
            <th scope="col">State</th>
            <th scope="col">Task run</th>
            <th scope="col" className="num max-lg:hidden">
              Attempts
            </th>
            <th scope="col">Started</th>
            <th scope="col" className="num">
              Duration
            </th>
          </tr>
        </thead>
        <tbody>
          {ordered.slice(0, shown).map((task) => (
            <tr key={task.id}>
              <td>
                <RunState run={task} />
              </td>
              <td className="whole max-sm:order-3">
                <Link
                  href={`${base}/runs/task-run/${task.id}`}
                  className="row-link title-link block truncate font-medium"
                  title={task.name}
                >
                  {task.name}
                </Link>
              </td>
              <td className="hide num text-ink-2 max-lg:hidden">
                {task.runCount === 0 ? '–' : task.runCount}
              </td>
              <td className="hide text-ink-2">{task.startAt === null ? '–' : <Time at={task.startAt} />}</td>
              <td className="num end">
                <RunDuration run={task} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {ordered.length > shown || cut ? (
        <div className="flex items-center gap-3 py-2.5 text-ink-3 text-xs">
          <span>
            {formatCount(Math.min(shown, ordered.length))} of {formatCount(ordered.length)}
            {cut ? '+' : ''} task runs
          </span>
          {ordered.length > shown ? (
            <Button size="sm" className="ml-auto" onClick={() => setShown(shown + step)}>
              Show {formatCount(Math.min(step, ordered.length - shown))} more
            </Button>
          ) : null}
        </div>
      ) : null}
    </>
  )
}

export function SubFlowTable({
  base,
  rows,
}: {
  readonly base: string
  readonly rows: readonly FlowRunRow[]
}) {
  if (rows.length === 0) {
    return (
      <div className="pt-4">
        <EmptyState icon={<Workflow size={16} />} fact="No sub-flow runs">
          A flow that this run calls shows up here as it starts.
        </EmptyState>
      </div>
    )
  }
  return <RunsTable base={base} rows={rows} />
}
