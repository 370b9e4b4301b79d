import type { Metadata } from 'next'
import { notFound } from 'next/navigation'
import { cache } from 'react'
import { LiveTopicOf } from '#app/_live/live.tsx'
import { enter, enterLive, isUuid, type WorkspaceParams } from '#app/_server/enter.ts'
import { found } from '#app/_server/found.ts'
import { TopBar } from '#app/_shell/top-bar.tsx'
import { stateWord } from '#app/_ui/states.ts'
import { formatCount } from '#app/_ui/times.ts'
import { listLogs } from '#lib/control/console/list-logs.ts'
import { readTaskRun } from '#lib/control/console/read-task-run.ts'
import type { Context } from '#lib/control/context.ts'
import { parseLogQuery } from '../../flow-run/[flow_run_id]/_run/tabs.ts'
import { TaskRunPage, type TaskRunTab } from './task-run-page.tsx'

interface Props {
  readonly params: Promise<WorkspaceParams & { readonly task_run_id: string }>
  readonly searchParams: Promise<Readonly<Record<string, string | readonly string[] | undefined>>>
}

const taskTabs = ['logs', 'states', 'upstream', 'downstream'] as const satisfies readonly TaskRunTab[]
const logPageSize = 500

const viewOf = cache(async (ctx: Context, id: string) => found(readTaskRun(ctx, id)))

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const { ctx } = await enter(params)
  const { task_run_id } = await params
  if (!isUuid(task_run_id)) return { title: 'Not found' }
  const { taskRun } = await viewOf(ctx, task_run_id.toLowerCase())
  return { title: `${stateWord(taskRun.stateName)} · ${taskRun.name}` }
}

export default async function TaskRunRoute({ params, searchParams }: Props) {
  const { ctx, base, cursor } = await enterLive(params)
  const id = (await params).task_run_id.toLowerCase()
  if (!isUuid(id)) notFound()
  const asked = await searchParams
  const tab: TaskRunTab = taskTabs.find((each) => each === asked.tab) ?? 'logs'
  const view = await viewOf(ctx, id)
  const { flowRun, taskRun } = view
  const logQuery = { ...parseLogQuery(asked), taskRunId: id }
  const logs =
    tab === 'logs' && flowRun
      ? await listLogs(ctx, {
          flowRunId: flowRun.id,
          taskRunId: id,
          minLevel: logQuery.level === 10 ? 0 : logQuery.level,
          text: logQuery.text,
          pageSize: logPageSize,
          ...(logQuery.upTo === null ? {} : { upToLine: logQuery.upTo }),
          ...(logQuery.line === null ? {} : { aroundLine: logQuery.line }),
        })
      : null
  const path = `${base}/runs/task-run/${id}`
  return (
    <>
      <TopBar
        crumbs={[
          { label: 'Runs', href: `${base}/runs` },
          ...(flowRun ? [{ label: flowRun.name, href: `${base}/runs/flow-run/${flowRun.id}` }] : []),
          { label: taskRun.name },
        ]}
      />
      <LiveTopicOf topic={flowRun ? `flow-run:${flowRun.id}` : 'runs'} cursor={cursor} />
      <TaskRunPage
        base={base}
        view={view}
        tab={tab}
        tabs={[
          { label: 'Logs', href: path, current: tab === 'logs' },
          {
            label: 'State history',
            href: `${path}?tab=states`,
            count: formatCount(view.states.length),
            current: tab === 'states',
          },
          {
            label: 'Upstream',
            href: `${path}?tab=upstream`,
            count: formatCount(view.upstream.length),
            current: tab === 'upstream',
          },
          {
            label: 'Downstream',
            href: `${path}?tab=downstream`,
            count: formatCount(view.downstream.length),
            current: tab === 'downstream',
          },
        ]}
        logs={logs}
        logPath={path}
        logQuery={logQuery}
      />
    </>
  )
}
