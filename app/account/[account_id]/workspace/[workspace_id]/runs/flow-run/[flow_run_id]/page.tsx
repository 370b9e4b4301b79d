import type { Metadata } from 'next'
import { notFound } from 'next/navigation'
import { cache } from 'react'
import { LiveTopicOf } from '#app/_live/live.tsx'
import { enter, enterLive, isUuid, type WorkspaceParams } from '#app/_server/enter.ts'
import { found } from '#app/_server/found.ts'
import { TopBar } from '#app/_shell/top-bar.tsx'
import { stateWord } from '#app/_ui/states.ts'
import { findFirstError } from '#lib/control/console/find-first-error.ts'
import { listLogs } from '#lib/control/console/list-logs.ts'
import { listStates } from '#lib/control/console/list-states.ts'
import { readFlowRun } from '#lib/control/console/read-flow-run.ts'
import { readParameters } from '#lib/control/console/read-parameters.ts'
import type { Context } from '#lib/control/context.ts'
import { mayAct } from '../../_actions/may-act.ts'
import { Parameters } from './_run/parameters.tsx'
import { RunPage } from './_run/run-page.tsx'
import { parseLogQuery, tabOf } from './_run/tabs.ts'

interface Props {
  readonly params: Promise<WorkspaceParams & { readonly flow_run_id: string }>
  readonly searchParams: Promise<Readonly<Record<string, string | readonly string[] | undefined>>>
}

const logPageSize = 500

// The title and the page read the same run: once.
const viewOf = cache(async (ctx: Context, id: string) => found(readFlowRun(ctx, id)))

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const { ctx } = await enter(params)
  const { flow_run_id } = await params
  if (!isUuid(flow_run_id)) return { title: 'Not found' }
  const { run } = await viewOf(ctx, flow_run_id.toLowerCase())
  return { title: `${stateWord(run.stateName)} · ${run.name}` }
}

export default async function FlowRunPage({ params, searchParams }: Props) {
  const { ctx, base, cursor } = await enterLive(params)
  const id = (await params).flow_run_id.toLowerCase()
  if (!isUuid(id)) notFound()
  const asked = await searchParams
  const tab = tabOf(asked.tab)
  const logQuery = parseLogQuery(asked)
  const view = await viewOf(ctx, id)
  const troubled = view.run.stateType === 'FAILED' || view.run.stateType === 'CRASHED'
  const [logs, states, parameters, firstError] = await Promise.all([
    tab === 'logs'
      ? listLogs(ctx, {
          flowRunId: id,
          taskRunId: logQuery.taskRunId,
          minLevel: logQuery.level === 10 ? 0 : logQuery.level,
          text: logQuery.text,
          pageSize: logPageSize,
          ...(logQuery.upTo === null ? {} : { upToLine: logQuery.upTo }),
          ...(logQuery.line === null ? {} : { aroundLine: logQuery.line }),
        })
      : null,
    tab === 'states' ? listStates(ctx, 'flow-run', id) : null,
    tab === 'parameters' ? readParameters(ctx, id) : null,
    troubled ? findFirstError(ctx, id) : null,
  ])
  return (
    <>
      <TopBar
        crumbs={[
          { label: 'Runs', href: `${base}/runs` },
          { label: view.run.flowName, href: `${base}/flows/flow/${view.run.flowId}` },
          { label: view.run.name },
        ]}
      />
      <LiveTopicOf topic={`flow-run:${id}`} cursor={cursor} />
      <RunPage
        base={base}
        path={`${base}/runs/flow-run/${id}`}
        view={view}
        tab={tab}
        logQuery={logQuery}
        logs={logs}
        states={states}
        parameters={parameters === null ? null : <Parameters json={parameters} />}
        firstError={firstError}
        may={mayAct(ctx)}
        why={null}
      />
    </>
  )
}
