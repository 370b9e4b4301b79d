'use client'
import { KeyRound, LogOut, User } from 'lucide-react'
import Link from 'next/link'
import { useState } from 'react'
import { Menu, MenuHeading, MenuItem, MenuRadio, MenuRadioGroup, MenuRule } from '#app/_ui/menu.tsx'
import type { Reader } from './shell.tsx'
import { signOut } from './sign-out.ts'
import { currentTheme, setTheme, type Theme, themes } from './theme.ts'

const themeWords = { system: 'Same as system', light: 'Light', dark: 'Dark' } as const satisfies Record<
  Theme,
  string
>

const initials = (name: string): string =>
  name
    .split(/[\s_-]+/)
    .filter(Boolean)
    .slice(0, 2)
    .map((word) => word.charAt(0).toUpperCase())
    .join('')

export function Avatar({ name }: { readonly name: string }) {
  return (
    <span
      aria-hidden
      className="grid size-5 flex-none place-items-center rounded-full bg-state-hold-tint font-semibold text-[10px] text-state-hold-fg"
    >
      {initials(name)}
    </span>
  )
}

export function UserMenu({ base, reader }: { readonly base: string; readonly reader: Reader }) {
  const name = reader.name || reader.handle
  return (
    <Menu
      side="top"
      trigger={
        <button
          type="button"
          aria-label={`${name}, your menu`}
          className="flex h-9 min-w-0 items-center gap-2 rounded-md px-2 text-left hover:bg-active max-lg:w-9 max-lg:justify-center lg:flex-1"
        >
          <Avatar name={name} />
          <span className="truncate max-lg:hidden">{name}</span>
        </button>
      }
    >
      <UserItems base={base} />
    </Menu>
  )
}

/** Also under More on a phone. */
export function UserItems({ base }: { readonly base: string }) {
  const [theme, show] = useState(currentTheme)
  return (
    <>
      <MenuItem asChild>
        <Link href={`${base}/settings/profile`}>
          <User aria-hidden size={14} /> Profile
        </Link>
      </MenuItem>
      <MenuItem asChild>
        <Link href={`${base}/settings/api-keys`}>
          <KeyRound aria-hidden size={14} /> API keys
        </Link>
      </MenuItem>
      <MenuRule />
      <MenuHeading>Theme</MenuHeading>
      <MenuRadioGroup
        value={theme}
        onValueChange={(next) => {
          const chosen = themes.find((each) => each === next)
          if (!chosen) return
          setTheme(chosen)
          show(chosen)
        }}
      >
        {themes.map((each) => (
          <MenuRadio key={each} value={each} onSelect={(event) => event.preventDefault()}>
            {themeWords[each]}
          </MenuRadio>
        ))}
      </MenuRadioGroup>
      <MenuRule />
      <MenuItem onSelect={() => void signOut()}>
        <LogOut aria-hidden size={14} /> Sign out
      </MenuItem>
    </>
  )
}
