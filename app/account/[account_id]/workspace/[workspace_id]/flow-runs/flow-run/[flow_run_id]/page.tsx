import { redirect } from 'next/navigation'
import type { WorkspaceParams } from '#app/_server/enter.ts'

/** The address that clients 2.x print. */
export default async function OldFlowRunPage({
  params,
}: {
  readonly params: Promise<WorkspaceParams & { readonly flow_run_id: string }>
}) {
  const { account_id, workspace_id, flow_run_id } = await params
  redirect(`/account/${account_id}/workspace/${workspace_id}/runs/flow-run/${flow_run_id}`)
}
