import { ShieldAlert } from 'lucide-react'
import type { Metadata } from 'next'
import { redirect } from 'next/navigation'
import { Mark } from '#app/_ui/mark.tsx'
import { Note } from '#app/_ui/note.tsx'
import { listMyWorkspaces } from '#lib/control/users/list-my-workspaces.ts'
import { parseClientCallback } from '#lib/identity/client-callback.ts'
import { currentActor } from '#lib/identity/page-session.ts'
import { sharedServices } from '#lib/identity/shared.ts'
import { Consent } from './consent.tsx'

export const metadata: Metadata = { title: 'Give a program access', referrer: 'no-referrer' }

type Query = Readonly<Record<string, string | readonly string[] | undefined>>

const one = (value: Query[string]): string | undefined => (typeof value === 'string' ? value : value?.[0])

/** Where `rigel login` and `prefect cloud login` send the browser: asks whether that program may have a key. */
export default async function ClientPage({ searchParams }: { readonly searchParams: Promise<Query> }) {
  const query = await searchParams
  const actor = await currentActor()
  if (!actor) {
    const asked = new URLSearchParams()
    for (const name of ['callback', 'source', 'g']) {
      const value = one(query[name])
      if (value !== undefined) asked.set(name, value)
    }
    redirect(`/sign-in?callbackUrl=${encodeURIComponent(`/auth/client?${asked}`)}`)
  }
  const callback = parseClientCallback(one(query.callback), one(query.source))
  const { db, nowMicros } = sharedServices()
  const workspaces = callback ? await listMyWorkspaces({ actor, db, nowMicros }) : []
  return (
    <main className="grid min-h-dvh place-items-center bg-canvas p-4">
      <div className="w-full max-w-115">
        <div className="mb-6 flex items-center gap-2.5">
          <Mark size={24} />
          <span className="font-semibold text-lg tracking-[-0.02em]">Rigel</span>
        </div>
        <section className="rounded-lg border border-line bg-surface p-6 max-sm:p-4">
          {callback ? (
            <Consent
              callback={callback}
              handle={actor.handle}
              workspaces={workspaces.map((each) => ({
                id: each.workspaceId,
                slug: `${each.accountHandle}/${each.workspaceHandle}`,
              }))}
            />
          ) : (
            <>
              <h1 className="mb-4 font-semibold text-xl tracking-[-0.015em]">No key was given</h1>
              <Note family="late" icon={<ShieldAlert size={14} />}>
                Whoever opened this page wants the key sent to an address that is not on this computer. Rigel
                hands keys only to a program that waits on this computer, such as{' '}
                <code className="font-mono">rigel login</code>. Run that command again, or close this page if
                you did not.
              </Note>
            </>
          )}
        </section>
      </div>
    </main>
  )
}
