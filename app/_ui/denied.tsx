import type { Entered } from '#app/_server/enter.ts'
import { type Crumb, TopBar } from '#app/_shell/top-bar.tsx'
import type { WorkspaceScope } from '#lib/domain/access/scopes.ts'
import { NoAccess } from './no-access.tsx'

/** A whole page for somebody who may know of it but not see it. */
export function Denied({
  entered: { ctx, place },
  crumbs,
  what,
  needs,
}: {
  readonly entered: Entered
  readonly crumbs: readonly Crumb[]
  readonly what: string
  readonly needs: WorkspaceScope
}) {
  return (
    <>
      <TopBar crumbs={crumbs} />
      <NoAccess what={what} role={ctx.access.role} needs={needs} account={place.accountHandle} />
    </>
  )
}
