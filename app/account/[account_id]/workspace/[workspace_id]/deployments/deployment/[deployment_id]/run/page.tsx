import type { Metadata } from 'next'
import { notFound } from 'next/navigation'
import { LiveTopicOf } from '#app/_live/live.tsx'
import { enter, isUuid, type WorkspaceParams } from '#app/_server/enter.ts'
import { found } from '#app/_server/found.ts'
import { type SearchParams, textParam } from '#app/_server/query.ts'
import { TopBar } from '#app/_shell/top-bar.tsx'
import { Denied } from '#app/_ui/denied.tsx'
import { PageHeader } from '#app/_ui/page-header.tsx'
import { RunName } from '#app/_ui/run-name.tsx'
import { readRunToCopy } from '#lib/control/console/read-deployment.ts'
import { readDeployment } from '#lib/control/deployments/read-deployment.ts'
import { RunForm } from './run-form.tsx'

export const metadata: Metadata = { title: 'Run a deployment' }

interface Props {
  readonly params: Promise<WorkspaceParams & { readonly deployment_id: string }>
  readonly searchParams: Promise<SearchParams>
}

export default async function RunDeploymentPage({ params, searchParams }: Props) {
  const entered = await enter(params)
  const { ctx, base } = entered
  const id = (await params).deployment_id.toLowerCase()
  if (!isUuid(id)) notFound()
  const list = { label: 'Deployments', href: `${base}/deployments` }
  if (!ctx.access.scopes.has('run_deployments'))
    return (
      <Denied
        entered={entered}
        crumbs={[list]}
        what="the form that runs a deployment"
        needs="run_deployments"
      />
    )
  const from = textParam((await searchParams).from)
  const deployment = await found(readDeployment(ctx, id))
  const copied = from && isUuid(from) ? await readRunToCopy(ctx, id, from.toLowerCase()) : null
  return (
    <>
      <TopBar
        crumbs={[
          list,
          { label: deployment.name, href: `${base}/deployments/deployment/${id}` },
          { label: copied ? 'Copy to a new run' : 'Run' },
        ]}
      />
      <LiveTopicOf topic="runs" />
      <main id="main" tabIndex={-1} className="page">
        <PageHeader
          title={
            <span className="flex min-w-0 gap-1.5">
              Run <RunName flow={deployment.flowName} run={deployment.name} asTitle />
            </span>
          }
          sub={
            copied
              ? `With the parameters of ${copied.name}, to be changed as you like.`
              : 'What you leave as it is takes the deployment’s value.'
          }
        />
        <RunForm
          base={base}
          deploymentId={id}
          schema={deployment.parameterOpenapiSchema}
          parameters={copied?.parameters ?? deployment.parameters}
          enforced={deployment.enforceParameterSchema}
          tags={copied?.tags ?? []}
          jobVariables={deployment.jobVariables}
        />
      </main>
    </>
  )
}
