import { notFound, redirect } from 'next/navigation'
import { myPlaces } from '#app/_server/enter.ts'

/** An account opens at the first of its workspaces that you may enter. */
export default async function AccountPage({
  params,
}: {
  readonly params: Promise<{ readonly account_id: string }>
}) {
  const { account_id } = await params
  const first = (await myPlaces()).find((place) => place.accountId === account_id.toLowerCase())
  if (!first) notFound()
  redirect(`/account/${first.accountId}/workspace/${first.id}`)
}
