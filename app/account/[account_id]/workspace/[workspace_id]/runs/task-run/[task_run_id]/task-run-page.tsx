'use client'
import Link from 'next/link'
import { useMemo } from 'react'
import { foldTaskRuns } from '#app/_live/fold.ts'
import { useFold } from '#app/_live/live.tsx'
import { Fact, Facts } from '#app/_ui/card.tsx'
import { CopyButton } from '#app/_ui/copy-button.tsx'
import { PageHeader } from '#app/_ui/page-header.tsx'
import { usePageSign } from '#app/_ui/page-sign.ts'
import { RunDuration } from '#app/_ui/run-duration.tsx'
import { RunState } from '#app/_ui/run-state.tsx'
import { showState } from '#app/_ui/states.ts'
import { type TabLink, Tabs } from '#app/_ui/tabs.tsx'
import { Tags } from '#app/_ui/tag.tsx'
import { Time } from '#app/_ui/time.tsx'
import type { LogPage } from '#lib/control/console/list-logs.ts'
import type { TaskRunView } from '#lib/control/console/read-task-run.ts'
import type { StateRow, TaskRunRow } from '#lib/control/console/rows.ts'
import type { Change } from '#lib/domain/change.ts'
import { Logs } from '../../flow-run/[flow_run_id]/_run/logs.tsx'
import { TaskRunTable } from '../../flow-run/[flow_run_id]/_run/run-tables.tsx'
import { StateHistory } from '../../flow-run/[flow_run_id]/_run/state-history.tsx'
import type { LogQuery } from '../../flow-run/[flow_run_id]/_run/tabs.ts'

interface Held {
  readonly tasks: ReadonlyMap<string, TaskRunRow>
  readonly newStates: readonly StateRow[]
}

export type TaskRunTab = 'logs' | 'states' | 'upstream' | 'downstream'

interface TaskRunPageProps {
  readonly base: string
  readonly view: TaskRunView
  readonly tab: TaskRunTab
  readonly tabs: readonly TabLink[]
  readonly logs: LogPage | null
  readonly logPath: string
  readonly logQuery: LogQuery
}

function fold(held: Held, changes: readonly Change[], id: string): Held {
  const tasks = foldTaskRuns(
    held.tasks,
    changes,
    (change) => held.tasks.has(change.id),
    (change, row): TaskRunRow => ({ ...change, childFlowRunId: row?.childFlowRunId ?? null }),
  )
  const fresh = changes.flatMap((change): StateRow[] =>
    change.kind === 'task-run' &&
    change.id === id &&
    !held.newStates.some((state) => state.id === change.stateId)
      ? [
          {
            id: change.stateId,
            at: change.stateAt,
            type: change.stateType,
            name: change.stateName,
            message: change.stateMessage,
          },
        ]
      : [],
  )
  return tasks === held.tasks && fresh.length === 0
    ? held
    : { tasks, newStates: [...held.newStates, ...fresh] }
}

export function TaskRunPage({ base, view, tab, tabs, logs, logPath, logQuery }: TaskRunPageProps) {
  const { flowRun, states, upstream, downstream } = view
  const id = view.taskRun.id
  const initial = useMemo<Held>(
    () => ({
      tasks: new Map([view.taskRun, ...view.upstream, ...view.downstream].map((task) => [task.id, task])),
      newStates: [],
    }),
    [view],
  )
  const [held] = useFold(initial, (before, changes) => fold(before, changes, id))
  const task = held.tasks.get(id) ?? view.taskRun
  usePageSign(task)
  const now = (rows: readonly TaskRunRow[]) => rows.map((row) => held.tasks.get(row.id) ?? row)
  const troubled = task.stateType === 'FAILED' || task.stateType === 'CRASHED'
  return (
    <main id="main" tabIndex={-1} className="page">
      <PageHeader title={task.name} badge={<RunState run={task} as="badge" />} />
      <Facts className="mb-4">
        <Fact name="Started">{task.startAt === null ? '–' : <Time at={task.startAt} />}</Fact>
        <Fact name="Duration">
          <RunDuration run={task} />
        </Fact>
        <Fact name="Attempts">{task.runCount === 0 ? 'None' : String(task.runCount)}</Fact>
        {flowRun ? (
          <Fact name="Flow run">
            <Link href={`${base}/runs/flow-run/${flowRun.id}`} className="title-link">
              {flowRun.flowName} / {flowRun.name}
            </Link>
          </Fact>
        ) : null}
        {task.childFlowRunId ? (
          <Fact name="Sub-flow run">
            <Link href={`${base}/runs/flow-run/${task.childFlowRunId}`} className="title-link">
              Open
            </Link>
          </Fact>
        ) : null}
        <Fact name="Task">
          <span className="font-mono text-xs">{task.taskKey}</span>
        </Fact>
        {task.tags.length > 0 ? (
          <Fact name="Tags">
            <Tags tags={task.tags} most={6} wrap />
          </Fact>
        ) : null}
      </Facts>
      {task.stateMessage !== '' && troubled ? (
        <section
          data-family={showState(task.stateType, task.stateName).family}
          aria-label="What broke"
          className="mb-3 rounded-lg bg-(--tint) px-4 py-3 shadow-[inset_3px_0_0_var(--mk)]"
        >
          <pre className="mb-3 max-h-60 overflow-auto whitespace-pre-wrap rounded-md border border-line bg-surface p-3 font-mono text-(--fg) text-xs leading-[18px] [overflow-wrap:anywhere]">
            {task.stateMessage}
          </pre>
          <CopyButton text={task.stateMessage} label="Copy error" kind="plain">
            Copy error
          </CopyButton>
        </section>
      ) : null}
      <Tabs tabs={tabs} />
      {tab === 'logs' && logs && flowRun ? (
        <Logs
          key={JSON.stringify(logQuery)}
          path={logPath}
          run={flowRun}
          tasks={held.tasks}
          query={logQuery}
          page={logs}
          onlyTask
        />
      ) : null}
      {tab === 'logs' && !flowRun ? (
        <p className="py-6 text-ink-3">Its log lines belong to no flow run.</p>
      ) : null}
      {tab === 'states' ? <StateHistory states={states} newer={held.newStates} /> : null}
      {tab === 'upstream' ? <TaskRunTable base={base} tasks={now(upstream)} cut={false} /> : null}
      {tab === 'downstream' ? <TaskRunTable base={base} tasks={now(downstream)} cut={false} /> : null}
    </main>
  )
}
