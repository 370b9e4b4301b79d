import type { Metadata } from 'next'
import { LiveTopicOf } from '#app/_live/live.tsx'
import { enterLive, type WorkspaceParams } from '#app/_server/enter.ts'
import { pageOrigin } from '#app/_server/origin.ts'
import { TopBar } from '#app/_shell/top-bar.tsx'
import { findFirstRun } from '#lib/control/console/find-first-run.ts'
import { listApiKeys } from '#lib/control/console/list-api-keys.ts'
import { GetStarted } from './get-started.tsx'

export const metadata: Metadata = { title: 'Get started' }

export default async function GetStartedPage({ params }: { readonly params: Promise<WorkspaceParams> }) {
  const { ctx, base, place, cursor } = await enterLive(params)
  const [keys, first, origin] = await Promise.all([listApiKeys(ctx), findFirstRun(ctx), pageOrigin()])
  return (
    <>
      <TopBar crumbs={[{ label: 'Get started' }]} />
      <LiveTopicOf topic="runs" cursor={cursor} />
      <main id="main" tabIndex={-1} className="page">
        <GetStarted
          base={base}
          origin={origin}
          workspaceId={place.id}
          workspaceSlug={`${place.accountHandle}/${place.handle}`}
          keyUsed={keys.some(
            (key) => key.lastUsedAt !== null && (key.workspaceId === null || key.workspaceId === place.id),
          )}
          firstRun={first}
        />
      </main>
    </>
  )
}
