import type { Metadata } from 'next'
import { LiveTopicOf } from '#app/_live/live.tsx'
import { enter, type WorkspaceParams } from '#app/_server/enter.ts'
import { TopBar } from '#app/_shell/top-bar.tsx'
import { Denied } from '#app/_ui/denied.tsx'
import { PageHeader } from '#app/_ui/page-header.tsx'
import { workerCatalogue } from '#lib/domain/work/catalogue/worker-catalogue.ts'
import { PoolForm } from './pool-form.tsx'

export const metadata: Metadata = { title: 'New work pool' }

export default async function CreatePoolPage({ params }: { readonly params: Promise<WorkspaceParams> }) {
  const entered = await enter(params)
  const { ctx, base } = entered
  const crumbs = [{ label: 'Work pools', href: `${base}/work-pools` }, { label: 'New' }]
  if (!ctx.access.scopes.has('write_work_pools'))
    return (
      <Denied entered={entered} crumbs={crumbs} what="the form of a work pool" needs="write_work_pools" />
    )
  const types = Object.values(workerCatalogue)
    .flatMap((byType) => Object.values(byType))
    .map((type) => ({
      type: type.type,
      name: type.display_name ?? type.type,
      description: type.description,
      template: JSON.stringify(type.default_base_job_configuration),
      variables: JSON.stringify(type.default_base_job_configuration.variables ?? {}),
    }))
  return (
    <>
      <TopBar crumbs={crumbs} />
      <LiveTopicOf topic="runs" />
      <main id="main" tabIndex={-1} className="page">
        <PageHeader
          title="New work pool"
          sub="Choose what its workers start runs with. The type cannot be changed later."
        />
        <PoolForm base={base} types={types} />
      </main>
    </>
  )
}
