import { ChevronRight } from 'lucide-react'
import Link from 'next/link'
import { Fragment, type ReactNode } from 'react'
import { LiveLight, NotLiveNote } from '#app/_live/light.tsx'
import { Mark } from '#app/_ui/mark.tsx'

export interface Crumb {
  readonly label: ReactNode
  readonly href?: string
}

interface TopBarProps {
  /** Ancestors, then the page itself, which is not a link. */
  readonly crumbs: readonly Crumb[]
  /** True where the page has no title row: the last crumb is then its h1. */
  readonly titled?: boolean
  readonly children?: ReactNode
}

export function TopBar({ crumbs, titled, children }: TopBarProps) {
  const ancestors = crumbs.slice(0, -1)
  const last = crumbs.at(-1)
  const Title = titled ? 'h1' : 'b'
  return (
    <>
      <header className="sticky top-0 z-10 flex h-(--topbar) items-center gap-2 border-line border-b bg-surface px-(--gutter)">
        <span className="sm:hidden">
          <Mark label="Rigel" />
        </span>
        <nav aria-label="Breadcrumb" className="flex min-w-0 flex-1 items-center gap-1.5 text-ink-3">
          {ancestors.map((crumb, index) => (
            <Fragment key={crumb.href ?? index}>
              {crumb.href ? (
                <Link
                  href={crumb.href}
                  className={`title-link truncate ${index < ancestors.length - 1 ? 'max-sm:hidden' : ''}`}
                >
                  {crumb.label}
                </Link>
              ) : (
                <span className="truncate">{crumb.label}</span>
              )}
              <ChevronRight
                aria-hidden
                size={14}
                className={`flex-none ${index < ancestors.length - 1 ? 'max-sm:hidden' : ''}`}
              />
            </Fragment>
          ))}
          {last ? (
            <Title
              className="truncate font-medium text-ink"
              {...(titled ? {} : { 'aria-current': 'page' as const })}
            >
              {last.label}
            </Title>
          ) : null}
        </nav>
        {children}
        <span className="sm:hidden">
          <LiveLight />
        </span>
      </header>
      <NotLiveNote />
    </>
  )
}
