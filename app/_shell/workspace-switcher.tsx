'use client'
import { Check, ChevronsUpDown } from 'lucide-react'
import Link from 'next/link'
import { usePathname } from 'next/navigation'
import { Fragment, useState } from 'react'
import { Mark } from '#app/_ui/mark.tsx'
import { Menu, MenuHeading, MenuItem } from '#app/_ui/menu.tsx'
import { samePageIn } from './nav.ts'
import type { Place } from './places.ts'

/** From this many workspaces on, a filter helps more than it is in the way. */
const manyPlaces = 8

/** Accounts and their workspaces; switching keeps the kind of page. */
export function WorkspaceSwitcher({ places }: { readonly places: readonly Place[] }) {
  const here = places.find((place) => place.current)
  return (
    <Menu
      className="w-72"
      trigger={
        <button
          type="button"
          aria-label={
            here ? `Workspace ${here.accountHandle}/${here.workspaceHandle}, switch` : 'Switch workspace'
          }
          className="flex h-9 w-full min-w-0 items-center gap-2 rounded-md px-2 text-left hover:bg-active max-lg:w-9 max-lg:justify-center max-lg:px-0"
        >
          <Mark />
          {here ? (
            <span className="fr flex-1 whitespace-nowrap max-lg:hidden">
              <span className="text-ink-3">{here.accountHandle}</span>
              <span className="text-ink-3">/</span>
              <span className="font-medium">{here.workspaceHandle}</span>
            </span>
          ) : null}
          <ChevronsUpDown aria-hidden size={14} className="flex-none max-lg:hidden" />
        </button>
      }
    >
      <PlaceList places={places} />
    </Menu>
  )
}

export function PlaceList({ places }: { readonly places: readonly Place[] }) {
  const pathname = usePathname()
  const [filter, setFilter] = useState('')
  const wanted = filter.trim().toLowerCase()
  const shown = places.filter((place) => `${place.accountHandle}/${place.workspaceHandle}`.includes(wanted))
  return (
    <>
      {places.length > manyPlaces ? (
        <input
          aria-label="Filter workspaces"
          placeholder="Filter"
          value={filter}
          onChange={(event) => setFilter(event.target.value)}
          // The menu's own type-ahead must not take the letters.
          onKeyDown={(event) => {
            if (event.key.length === 1) event.stopPropagation()
          }}
          className="mb-1 h-8 w-full rounded-[5px] border border-line-control bg-surface px-2"
        />
      ) : null}
      {shown.map((place, index) => (
        <Fragment key={place.base}>
          {place.accountHandle === shown[index - 1]?.accountHandle ? null : (
            <MenuHeading>{place.accountHandle}</MenuHeading>
          )}
          <MenuItem asChild>
            <Link href={samePageIn(place.base, pathname)}>
              <span className="truncate">{place.workspaceHandle}</span>
              {place.current ? (
                <>
                  <Check aria-hidden size={14} className="ml-auto flex-none text-ink-2" />
                  <span className="sr-only">, you are here</span>
                </>
              ) : null}
            </Link>
          </MenuItem>
        </Fragment>
      ))}
      {shown.length === 0 ? <p className="px-2 py-1.5 text-ink-3">No workspace named {filter}</p> : null}
    </>
  )
}
