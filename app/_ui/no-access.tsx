import { Lock } from 'lucide-react'
import type { WorkspaceRole } from '#lib/domain/access/actor.ts'
import type { WorkspaceScope } from '#lib/domain/access/scopes.ts'
import { FullPage } from './empty.tsx'

interface NoAccessProps {
  /** What the page would show, as an object: "the runs of this workspace". */
  readonly what: string
  readonly role: WorkspaceRole
  readonly needs: WorkspaceScope
  /** Who can give it. */
  readonly account: string
}

/** The reader may know that this exists, but not see it: says which role they have, what is needed, and who can give it. */
export function NoAccess({ what, role, needs, account }: NoAccessProps) {
  return (
    <main id="main" tabIndex={-1} className="page">
      <FullPage
        picture={<Lock size={32} className="text-ink-3" aria-hidden />}
        title={`You may not see ${what}`}
      >
        <p className="text-ink-2">
          Your role here is <strong className="font-medium text-ink">{role}</strong>, and this needs the
          permission <code className="font-mono text-xs">{needs}</code>. An owner of the account {account} can
          give you a role that has it.
        </p>
      </FullPage>
    </main>
  )
}
