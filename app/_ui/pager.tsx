import type { ReactNode } from 'react'
import { buttonClass } from './button.tsx'
import { ButtonLink } from './button-link.tsx'

/** How many there are, and the way on. */
export function Pager({
  children,
  previousHref,
  previousWord = 'Previous',
  nextHref,
  always,
}: {
  readonly children: ReactNode
  readonly previousHref: string | null
  /** Where the way back is not to the page before. */
  readonly previousWord?: string
  readonly nextHref: string | null
  /** Shows the buttons also where they lead nowhere: the list may grow while it is open. */
  readonly always?: boolean
}) {
  return (
    <nav aria-label="Pages" className="flex items-center gap-3 py-2.5 text-ink-3 text-xs">
      <span>{children}</span>
      {previousHref === null && nextHref === null && !always ? null : (
        <span className="ml-auto flex gap-2">
          <Turn href={previousHref} word={previousWord} />
          <Turn href={nextHref} word="Next" />
        </span>
      )}
    </nav>
  )
}

function Turn({ href, word }: { readonly href: string | null; readonly word: string }) {
  return href === null ? (
    <span aria-disabled className={buttonClass({ size: 'sm' })}>
      {word}
    </span>
  ) : (
    <ButtonLink href={href} size="sm">
      {word}
    </ButtonLink>
  )
}
