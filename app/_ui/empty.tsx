import type { ReactNode } from 'react'

interface EmptyProps {
  readonly icon: ReactNode
  /** A bold fact. */
  readonly fact: string
  /** One sentence on what would be here. */
  readonly children?: ReactNode
  readonly actions?: ReactNode
}

export function EmptyState({ icon, fact, children, actions }: EmptyProps) {
  return (
    <div className="grid justify-items-center gap-1 text-balance rounded-lg border border-line px-4 py-8 text-center text-ink-3">
      <span aria-hidden>{icon}</span>
      <h2 className="font-medium text-ink">{fact}</h2>
      {children ? <p>{children}</p> : null}
      {actions ? <div className="mt-2 flex flex-wrap justify-center gap-2">{actions}</div> : null}
    </div>
  )
}

interface FullPageProps {
  readonly picture: ReactNode
  readonly title: ReactNode
  readonly children: ReactNode
}

/** A page whose whole content is one fact: not found, no access, error. */
export function FullPage({ picture, title, children }: FullPageProps) {
  return (
    <div className="mx-auto grid max-w-115 grid-cols-1 justify-items-center gap-3.5 text-balance px-4 pt-[15vh] pb-10 text-center max-sm:pt-[8vh]">
      {picture}
      <h1 className="font-semibold text-xl tracking-[-0.015em]">{title}</h1>
      {children}
    </div>
  )
}

/** The constellation, broken: drawn only where something is not found. */
export function BrokenConstellation() {
  return (
    <svg width="132" height="96" viewBox="0 0 132 96" aria-hidden="true">
      <path d="M22 66 46 46 70 26 104 70" fill="none" stroke="var(--line-strong)" strokeDasharray="2 4" />
      <g fill="var(--ink-4)">
        <circle cx="22" cy="66" r="4" />
        <circle cx="46" cy="46" r="4" />
        <circle cx="70" cy="26" r="4" />
      </g>
      <circle
        cx="104"
        cy="70"
        r="14"
        fill="none"
        stroke="var(--line-control)"
        strokeDasharray="3 4"
        strokeWidth="1.5"
      />
    </svg>
  )
}
