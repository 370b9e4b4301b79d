'use client'
import Link from 'next/link'
import { usePathname } from 'next/navigation'
import { LiveLight } from '#app/_live/light.tsx'
import { footItems, hrefOf, type NavItem, navItems, sectionOf } from './nav.ts'
import type { Place } from './places.ts'
import type { Reader } from './shell.tsx'
import { UserMenu } from './user-menu.tsx'
import { WorkspaceSwitcher } from './workspace-switcher.tsx'

interface SidebarProps {
  readonly base: string
  readonly places: readonly Place[]
  readonly reader: Reader
}

export function Sidebar({ base, places, reader }: SidebarProps) {
  const section = sectionOf(usePathname())
  return (
    <aside
      aria-label="Workspace"
      className="sticky top-0 z-20 flex h-dvh flex-col gap-0.5 p-2 max-sm:hidden sm:max-lg:items-center"
    >
      <WorkspaceSwitcher places={places} />
      <nav aria-label="Main" className="mt-2 flex w-full flex-col">
        {navItems.map((item, index) => (
          <div key={item.path}>
            {item.group && item.group !== navItems[index - 1]?.group ? (
              <h2 className="px-2 pt-3 pb-1 font-medium text-2xs text-ink-3 max-lg:sr-only">{item.group}</h2>
            ) : null}
            <NavLink item={item} base={base} current={section === item.path} />
          </div>
        ))}
      </nav>
      <div className="mt-auto flex w-full flex-col">
        {footItems.map((item) => (
          <NavLink key={item.path} item={item} base={base} current={section === item.path} />
        ))}
        <div className="flex items-center gap-2 pt-1 max-lg:flex-col lg:pr-2">
          <UserMenu base={base} reader={reader} />
          <span className="lg:hidden">
            <LiveLight lone />
          </span>
          <span className="max-lg:hidden">
            <LiveLight />
          </span>
        </div>
      </div>
    </aside>
  )
}

function NavLink({
  item,
  base,
  current,
}: {
  readonly item: NavItem
  readonly base: string
  readonly current: boolean
}) {
  const Icon = item.icon
  const className =
    'group relative flex h-7 items-center gap-2 rounded-md px-2 text-ink-2 hover:bg-active aria-[current]:bg-active aria-[current]:font-medium aria-[current]:text-ink max-lg:size-9 max-lg:justify-center max-lg:px-0'
  const inside = (
    <>
      <Icon aria-hidden size={16} strokeWidth={1.75} className="flex-none" />
      {/* Folded, the name is a tooltip beside the icon. */}
      <span className="max-lg:pointer-events-none max-lg:absolute max-lg:left-full max-lg:ml-2 max-lg:whitespace-nowrap max-lg:rounded-md max-lg:bg-raised max-lg:px-2 max-lg:py-1 max-lg:text-ink max-lg:text-xs max-lg:opacity-0 max-lg:shadow-pop max-lg:group-hover:opacity-100 max-lg:group-focus-visible:opacity-100">
        {item.label}
      </span>
    </>
  )
  // What leaves the pages is served beside them: no client navigation there.
  return item.path.startsWith('/') ? (
    <a href={item.path} className={className}>
      {inside}
    </a>
  ) : (
    <Link href={hrefOf(item, base)} aria-current={current ? 'page' : undefined} className={className}>
      {inside}
    </Link>
  )
}
