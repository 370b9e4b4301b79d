import { redirect } from 'next/navigation'
import { enter, type WorkspaceParams } from '#app/_server/enter.ts'

export default async function SettingsPage({ params }: { readonly params: Promise<WorkspaceParams> }) {
  const { base } = await enter(params)
  redirect(`${base}/settings/api-keys`)
}
