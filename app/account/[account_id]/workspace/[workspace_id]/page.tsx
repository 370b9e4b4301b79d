import { redirect } from 'next/navigation'
import { enter, type WorkspaceParams } from '#app/_server/enter.ts'
import { hasFlowRuns } from '#lib/control/console/has-flow-runs.ts'

/** A workspace opens at its runs; one in which nothing ever ran, at Get started. */
export default async function WorkspacePage({ params }: { readonly params: Promise<WorkspaceParams> }) {
  const { ctx, base } = await enter(params)
  redirect(`${base}/${(await hasFlowRuns(ctx)) ? 'runs' : 'get-started'}`)
}
