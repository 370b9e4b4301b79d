import type { Metadata } from 'next'
import { buttonClass } from '#app/_ui/button.tsx'
import { BrokenConstellation, FullPage } from '#app/_ui/empty.tsx'

export const metadata: Metadata = { title: 'Not found' }

/** Also what another tenant's address answers: it tells nothing of what is there. */
export default function NotFound() {
  return (
    <main className="min-h-dvh bg-surface">
      <FullPage picture={<BrokenConstellation />} title="Nothing at this address">
        <p className="text-ink-2">
          There is no such page, or none that you may see. If a person sent you the link, they can add you to
          the workspace.
        </p>
        <a href="/" className={buttonClass({ kind: 'primary' })}>
          Open your workspace
        </a>
      </FullPage>
    </main>
  )
}
