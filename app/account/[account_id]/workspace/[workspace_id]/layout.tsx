import type { ReactNode } from 'react'
import { enterLive, myPlaces, signedIn, type WorkspaceParams } from '#app/_server/enter.ts'
import { RememberWorkspace } from '#app/_shell/remember-workspace.tsx'
import { Shell } from '#app/_shell/shell.tsx'

interface Props {
  readonly params: Promise<WorkspaceParams>
  readonly children: ReactNode
}

export default async function WorkspaceLayout({ params, children }: Props) {
  const { place, base, cursor } = await enterLive(params)
  const [actor, places] = await Promise.all([signedIn(), myPlaces()])
  return (
    <Shell
      base={base}
      livePath={`/api/accounts/${place.accountId}/workspaces/${place.id}/live`}
      liveCursor={cursor}
      reader={{ name: actor.name, handle: actor.handle }}
      places={places.map((each) => ({
        base: `/account/${each.accountId}/workspace/${each.id}`,
        accountHandle: each.accountHandle,
        workspaceHandle: each.handle,
        current: each.id === place.id,
      }))}
    >
      <RememberWorkspace id={place.id} />
      {children}
    </Shell>
  )
}
