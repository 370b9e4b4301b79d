'use client'
import { Menu as MenuIcon } from 'lucide-react'
import Link from 'next/link'
import { usePathname } from 'next/navigation'
import { Menu, MenuItem, MenuRule } from '#app/_ui/menu.tsx'
import { footItems, hrefOf, navItems, sectionOf } from './nav.ts'
import type { Place } from './places.ts'
import type { Reader } from './shell.tsx'
import { UserItems } from './user-menu.tsx'
import { PlaceList } from './workspace-switcher.tsx'

const cell =
  'grid justify-items-center content-center gap-0.5 text-2xs text-ink-3 aria-[current]:font-medium aria-[current]:text-ink focus-visible:-outline-offset-2'

/** Where a phone's thumb is. What has no place of its own is under More. */
export function BottomBar({
  base,
  places,
}: {
  readonly base: string
  readonly places: readonly Place[]
  readonly reader: Reader
}) {
  const section = sectionOf(usePathname())
  const shown = navItems.filter((item) => item.phone)
  const rest = [...navItems.filter((item) => !item.phone), ...footItems]
  return (
    <nav
      aria-label="Main"
      className="fixed inset-x-0 bottom-0 z-10 grid h-14 auto-cols-fr grid-flow-col border-line border-t bg-surface sm:hidden"
    >
      {shown.map((item) => {
        const Icon = item.icon
        return (
          <Link
            key={item.path}
            href={hrefOf(item, base)}
            aria-current={section === item.path ? 'page' : undefined}
            className={cell}
          >
            <Icon aria-hidden size={18} strokeWidth={1.75} />
            {item.label}
          </Link>
        )
      })}
      <Menu
        side="top"
        align="end"
        className="w-72"
        trigger={
          <button
            type="button"
            aria-current={rest.some((item) => item.path === section) ? 'true' : undefined}
            className={cell}
          >
            <MenuIcon aria-hidden size={18} strokeWidth={1.75} />
            More
          </button>
        }
      >
        {rest.map((item) => (
          <MenuItem key={item.path} asChild>
            {item.path.startsWith('/') ? (
              <a href={item.path}>{item.label}</a>
            ) : (
              <Link href={hrefOf(item, base)}>{item.label}</Link>
            )}
          </MenuItem>
        ))}
        <MenuRule />
        <PlaceList places={places} />
        <MenuRule />
        <UserItems base={base} />
      </Menu>
    </nav>
  )
}
