'use client'
import dynamic from 'next/dynamic'
import Link from 'next/link'
import { useRouter } from 'next/navigation'
import { type ReactNode, useEffect, useMemo, useRef } from 'react'
import { useAnnouncer } from '#app/_live/announce.tsx'
import { Gone } from '#app/_live/gone.tsx'
import { useFold } from '#app/_live/live.tsx'
import { Fact, Facts } from '#app/_ui/card.tsx'
import { PageHeader } from '#app/_ui/page-header.tsx'
import { usePageSign } from '#app/_ui/page-sign.ts'
import { RunDuration } from '#app/_ui/run-duration.tsx'
import { RunState } from '#app/_ui/run-state.tsx'
import { stateWord } from '#app/_ui/states.ts'
import { Tabs } from '#app/_ui/tabs.tsx'
import { Tags } from '#app/_ui/tag.tsx'
import { Time, Told } from '#app/_ui/time.tsx'
import { formatCount } from '#app/_ui/times.ts'
import type { LogPage } from '#lib/control/console/list-logs.ts'
import type { FlowRunView } from '#lib/control/console/read-flow-run.ts'
import type { StateRow } from '#lib/control/console/rows.ts'
import { isFinal, type StateType } from '#lib/domain/state.ts'
import type { RunLocks } from '../../../_actions/run-locks.ts'
import { ErrorPanel, type FirstError } from './error-panel.tsx'
import { Logs } from './logs.tsx'
import { RunActions } from './run-actions.tsx'
import { foldRun, startRun } from './run-state.ts'
import { type LogQuery, type RunTab, runHref } from './tabs.ts'
import { Timeline } from './timeline.tsx'

// A tab's code comes with the tab.
const TaskRunTable = dynamic(() => import('./run-tables.tsx').then((file) => file.TaskRunTable))
const SubFlowTable = dynamic(() => import('./run-tables.tsx').then((file) => file.SubFlowTable))
const StateHistory = dynamic(() => import('./state-history.tsx').then((file) => file.StateHistory))

interface RunPageProps {
  readonly base: string
  readonly path: string
  readonly view: FlowRunView
  readonly tab: RunTab
  readonly logQuery: LogQuery
  /** What the open tab shows; the others are not read. */
  readonly logs: LogPage | null
  readonly states: readonly StateRow[] | null
  readonly parameters: ReactNode
  readonly firstError: FirstError | null
  readonly locks: RunLocks
  /** Why it does not run, rendered on the server; null while it does. */
  readonly why: ReactNode
  readonly artifacts: ReactNode
  readonly artifactCount: number
}

const isWaiting = (type: StateType): boolean =>
  type === 'SCHEDULED' || type === 'PENDING' || type === 'PAUSED' || type === 'CANCELLING'

export function RunPage(props: RunPageProps) {
  const {
    base,
    path,
    view,
    tab,
    logQuery,
    logs,
    states,
    parameters,
    firstError,
    locks,
    why,
    artifacts,
    artifactCount,
  } = props
  const initial = useMemo(() => startRun(view), [view])
  const [state] = useFold(initial, foldRun)
  const { run, tasks } = state
  const done = [...tasks.values()].filter((task) => task.stateType === 'COMPLETED').length
  // The panel is the server's; when the run begins to wait while the page is open, it is asked for.
  const router = useRouter()
  const waits = isWaiting(run.stateType)
  const asked = waits && !isWaiting(view.run.stateType)
  useEffect(() => {
    if (asked) router.refresh()
  }, [asked, router])
  const troubled = run.stateType === 'FAILED' || run.stateType === 'CRASHED'
  const { say, region } = useAnnouncer()
  const announced = useRef(run.stateName)
  useEffect(() => {
    if (announced.current === run.stateName) return
    announced.current = run.stateName
    say(`${run.name} ${stateWord(run.stateName).toLowerCase()}`)
  }, [run.stateName, run.name, say])
  usePageSign(run)
  const childOf = useMemo(
    () =>
      Object.fromEntries(
        state.subFlowRuns.flatMap((child) =>
          child.parentTaskRunId ? [[child.parentTaskRunId, child.id]] : [],
        ),
      ),
    [state.subFlowRuns],
  )
  const facts = (
    <Facts className={troubled || waits ? 'mb-4 max-sm:order-1 max-sm:mt-2' : 'mb-4'}>
      <Fact name={run.startAt === null ? 'Scheduled for' : 'Started'}>
        {run.startAt === null && run.expectedStartAt === null ? (
          '–'
        ) : (
          <>
            <Time at={run.startAt ?? run.expectedStartAt ?? ''} />
            {run.startedBy ? ` by ${run.startedBy}` : run.autoScheduled ? ' by schedule' : ''}
          </>
        )}
      </Fact>
      <Fact name="Duration">
        <RunDuration run={run} />
      </Fact>
      <Fact name="Tasks">
        {tasks.size === 0
          ? 'None'
          : `${formatCount(done)} of ${formatCount(tasks.size)}${view.taskRunsCut ? '+' : ''} done`}
      </Fact>
      {run.runCount > 1 ? <Fact name="Attempts">{String(run.runCount)}</Fact> : null}
      <Fact name="Flow">
        <Link href={`${base}/flows/flow/${run.flowId}`} className="title-link">
          {run.flowName}
        </Link>
      </Fact>
      {run.deploymentId && run.deploymentName ? (
        <Fact name="Deployment">
          <Link href={`${base}/deployments/deployment/${run.deploymentId}`} className="title-link">
            {run.deploymentName}
          </Link>
        </Fact>
      ) : null}
      {run.workPoolName ? (
        <Fact name="Work pool / queue">
          <Link
            href={`${base}/work-pools/work-pool/${encodeURIComponent(run.workPoolName)}`}
            className="title-link"
          >
            {run.workPoolName}
          </Link>
          {run.workQueueId && run.workQueueName ? (
            <>
              {' / '}
              <Link href={`${base}/work-queues/work-queue/${run.workQueueId}`} className="title-link">
                {run.workQueueName}
              </Link>
            </>
          ) : null}
        </Fact>
      ) : null}
      {run.parent ? (
        <Fact name="Part of">
          <Link href={`${base}/runs/flow-run/${run.parent.flowRunId}`} className="title-link">
            {run.parent.flowName} / {run.parent.name}
          </Link>
        </Fact>
      ) : null}
      {run.tags.length > 0 ? (
        <Fact name="Tags">
          <Tags tags={run.tags} most={6} wrap />
        </Fact>
      ) : null}
    </Facts>
  )
  return (
    <>
      {state.deletedBy === null ? null : (
        <Gone
          mortal={{ id: run.id, what: 'run', href: `${base}/runs`, words: 'Open runs' }}
          by={state.deletedBy || undefined}
        />
      )}
      <main
        id="main"
        tabIndex={-1}
        // On a phone the reason comes before the facts.
        className={`page ${troubled || waits ? 'max-sm:flex max-sm:flex-col' : ''}`}
      >
        {region}
        <PageHeader
          title={run.name}
          badge={<RunState run={run} as="badge" />}
          actions={<RunActions base={base} run={run} locks={locks} />}
        />
        {facts}
        {waits ? why : null}
        {troubled ? (
          <ErrorPanel
            base={base}
            path={path}
            run={run}
            tasks={tasks}
            firstError={firstError}
            justNow={!isFinal(view.run.stateType)}
          />
        ) : run.stateMessage !== '' &&
          !waits &&
          run.stateType !== 'COMPLETED' &&
          run.stateType !== 'RUNNING' ? (
          <p className="mb-4 text-base text-ink-2">
            <Told text={run.stateMessage} at={run.stateAt} />
          </p>
        ) : null}
        <div className="max-sm:order-2">
          <Timeline
            base={base}
            run={run}
            tasks={tasks}
            attempts={state.attempts}
            subFlowRuns={childOf}
            selected={logQuery.taskRunId}
            selectHref={(taskRunId) =>
              runHref(path, 'logs', { ...logQuery, line: null, upTo: null, taskRunId })
            }
          />
          <Tabs
            tabs={[
              {
                label: 'Logs',
                href: runHref(path, 'logs', tab === 'logs' ? logQuery : {}),
                current: tab === 'logs',
              },
              {
                label: 'Task runs',
                href: runHref(path, 'task-runs'),
                count: formatCount(tasks.size),
                current: tab === 'task-runs',
              },
              ...(state.subFlowRuns.length > 0 || tab === 'sub-flow-runs'
                ? [
                    {
                      label: 'Sub-flow runs',
                      href: runHref(path, 'sub-flow-runs'),
                      count: formatCount(state.subFlowRuns.length),
                      current: tab === 'sub-flow-runs',
                    },
                  ]
                : []),
              ...(artifactCount > 0 || tab === 'artifacts'
                ? [
                    {
                      label: 'Artifacts',
                      href: runHref(path, 'artifacts'),
                      count: formatCount(artifactCount),
                      current: tab === 'artifacts',
                    },
                  ]
                : []),
              {
                label: 'Parameters',
                href: runHref(path, 'parameters'),
                count: formatCount(view.parameterCount),
                current: tab === 'parameters',
              },
              {
                label: 'State history',
                href: runHref(path, 'states'),
                count: formatCount(view.stateCount + state.newStates.length),
                current: tab === 'states',
              },
            ]}
          />
          {tab === 'logs' && logs ? (
            <Logs
              key={JSON.stringify(logQuery)}
              path={path}
              run={run}
              tasks={tasks}
              query={logQuery}
              page={logs}
            />
          ) : null}
          {tab === 'task-runs' ? (
            <TaskRunTable base={base} tasks={[...tasks.values()]} cut={view.taskRunsCut} />
          ) : null}
          {tab === 'sub-flow-runs' ? <SubFlowTable base={base} rows={state.subFlowRuns} /> : null}
          {tab === 'artifacts' ? artifacts : null}
          {tab === 'parameters' ? parameters : null}
          {tab === 'states' && states ? <StateHistory states={states} newer={state.newStates} /> : null}
        </div>
      </main>
    </>
  )
}
