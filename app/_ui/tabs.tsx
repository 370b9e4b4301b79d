import Link from 'next/link'

export interface TabLink {
  readonly href: string
  readonly label: string
  readonly count?: string | number | null
  readonly current?: boolean
}

/** Tabs are links: each view has its address. */
export function Tabs({
  tabs,
  label = 'Sections',
}: {
  readonly tabs: readonly TabLink[]
  readonly label?: string
}) {
  return (
    <nav aria-label={label} className="scroll-quiet flex gap-5 overflow-x-auto border-line border-b">
      {tabs.map((tab) => (
        <Link
          key={tab.label}
          href={tab.href}
          scroll={false}
          aria-current={tab.current ? 'page' : undefined}
          className="-mb-px inline-flex h-9 flex-none items-center gap-1.5 border-transparent border-b-2 text-ink-2 hover:text-ink focus-visible:-outline-offset-2 aria-[current]:border-ink aria-[current]:font-medium aria-[current]:text-ink max-sm:h-11"
        >
          {tab.label}
          {tab.count === undefined || tab.count === null ? null : (
            <span className="font-normal text-2xs text-ink-3">{tab.count}</span>
          )}
        </Link>
      ))}
    </nav>
  )
}
