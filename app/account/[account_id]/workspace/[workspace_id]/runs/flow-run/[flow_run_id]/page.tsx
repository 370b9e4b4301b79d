import type { Metadata } from 'next'
import { notFound } from 'next/navigation'
import { cache } from 'react'
import { LiveTopicOf } from '#app/_live/live.tsx'
import { RefreshOn } from '#app/_live/refresh-on.tsx'
import { enter, enterLive, isUuid, type WorkspaceParams } from '#app/_server/enter.ts'
import { found } from '#app/_server/found.ts'
import { TopBar } from '#app/_shell/top-bar.tsx'
import { stateWord } from '#app/_ui/states.ts'
import { findFirstError } from '#lib/control/console/find-first-error.ts'
import { listArtifacts } from '#lib/control/console/list-artifacts.ts'
import { listLogs } from '#lib/control/console/list-logs.ts'
import { listStates } from '#lib/control/console/list-states.ts'
import { readFlowRun } from '#lib/control/console/read-flow-run.ts'
import { readParameters } from '#lib/control/console/read-parameters.ts'
import type { Context } from '#lib/control/context.ts'
import { explainFlowRun } from '#lib/control/flow-runs/explain-flow-run.ts'
import type { StateType } from '#lib/domain/state.ts'
import { runLocksOf } from '../../_actions/run-locks.ts'
import { Parameters } from './_run/parameters.tsx'
import { RefreshOnArtifact } from './_run/refresh-on-artifact.tsx'
import { RunArtifacts } from './_run/run-artifacts.tsx'
import { RunPage } from './_run/run-page.tsx'
import { parseLogQuery, tabOf } from './_run/tabs.ts'
import { WhyPanel } from './_run/why-panel.tsx'

interface Props {
  readonly params: Promise<WorkspaceParams & { readonly flow_run_id: string }>
  readonly searchParams: Promise<Readonly<Record<string, string | readonly string[] | undefined>>>
}

const logPageSize = 500
const waitingStates: ReadonlySet<StateType> = new Set(['SCHEDULED', 'PENDING', 'PAUSED', 'CANCELLING'])

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
  const entered = await enterLive(params)
  const { ctx, base, cursor } = entered
  const id = (await params).flow_run_id.toLowerCase()
  if (!isUuid(id)) notFound()
  const asked = await searchParams
  const tab = tabOf(asked.tab)
  const logQuery = parseLogQuery(asked)
  const view = await viewOf(ctx, id)
  const seesArtifacts = ctx.access.scopes.has('see_artifacts')
  const troubled = view.run.stateType === 'FAILED' || view.run.stateType === 'CRASHED'
  const waits = waitingStates.has(view.run.stateType)
  const [logs, states, parameters, firstError, explanation, past, artifacts] = await Promise.all([
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
    waits ? found(explainFlowRun(ctx, id)) : null,
    waits ? listStates(ctx, 'flow-run', id) : null,
    seesArtifacts
      ? listArtifacts(ctx, { by: 'one', flowRunId: id, pageSize: tab === 'artifacts' ? 100 : 0, offset: 0 })
      : null,
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
      {waits ? (
        // Whatever holds it back may end elsewhere: in its pool, in a limit, with another run.
        <RefreshOn
          nouns={['work-pool', 'work-queue', 'worker', 'deployment', 'concurrency-limit']}
          runs="refresh"
          flowRunId={id}
          cursor={cursor}
        />
      ) : (
        <LiveTopicOf topic={`flow-run:${id}`} cursor={cursor} />
      )}
      {seesArtifacts ? <RefreshOnArtifact flowRunId={id} /> : null}
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
        locks={runLocksOf(entered)}
        why={
          explanation && past ? (
            <WhyPanel
              base={base}
              runId={id}
              explanation={explanation}
              states={past}
              checkedAt={new Date().toISOString()}
            />
          ) : null
        }
        artifactCount={artifacts?.count ?? 0}
        artifacts={
          tab === 'artifacts' && artifacts ? (
            <RunArtifacts base={base} rows={artifacts.rows} count={artifacts.count} />
          ) : null
        }
      />
    </>
  )
}
