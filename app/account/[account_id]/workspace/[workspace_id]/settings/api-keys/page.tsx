import type { Metadata } from 'next'
import { LiveTopicOf } from '#app/_live/live.tsx'
import { enter, myPlaces, type WorkspaceParams } from '#app/_server/enter.ts'
import { pageOrigin } from '#app/_server/origin.ts'
import { listApiKeys } from '#lib/control/console/list-api-keys.ts'
import { ApiKeys } from './api-keys.tsx'

export const metadata: Metadata = { title: 'API keys' }

export default async function ApiKeysPage({ params }: { readonly params: Promise<WorkspaceParams> }) {
  const { ctx, place } = await enter(params)
  const [keys, places, origin] = await Promise.all([listApiKeys(ctx), myPlaces(), pageOrigin()])
  return (
    <>
      <LiveTopicOf topic="runs" />
      <ApiKeys
        keys={keys}
        origin={origin}
        here={{ id: place.id, slug: `${place.accountHandle}/${place.handle}` }}
        ownRole={place.role}
        slugs={Object.fromEntries(places.map((each) => [each.id, `${each.accountHandle}/${each.handle}`]))}
      />
    </>
  )
}
