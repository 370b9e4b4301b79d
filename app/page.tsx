import { Inbox } from 'lucide-react'
import { cookies } from 'next/headers'
import { redirect } from 'next/navigation'
import { myPlaces } from '#app/_server/enter.ts'
import { FullPage } from '#app/_ui/empty.tsx'

/** The workspace you were in last, else the first. */
export default async function HomePage() {
  const places = await myPlaces()
  const last = (await cookies()).get('rigel-workspace')?.value
  const place = places.find((each) => each.id === last) ?? places[0]
  if (place) redirect(`/account/${place.accountId}/workspace/${place.id}`)
  return (
    <main className="min-h-dvh bg-surface">
      <FullPage
        picture={<Inbox aria-hidden size={32} className="text-ink-3" />}
        title="You are in no workspace yet"
      >
        <p className="text-ink-2">
          An owner of an account can add you to one of its workspaces. Once that is done, this page opens it.
        </p>
      </FullPage>
    </main>
  )
}
