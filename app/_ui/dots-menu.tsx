'use client'
import { Ellipsis } from 'lucide-react'
import type { ComponentProps, ReactNode } from 'react'
import { iconButtonClass } from './button.tsx'
import { Menu } from './menu.tsx'

interface DotsMenuProps {
  /** What the verbs are about, where many such menus stand on a page: that of a row. */
  readonly of?: string
  readonly children: ReactNode
}

/** The verbs of a page's object, or of a row, under three dots. */
export function DotsMenu({ of, children }: DotsMenuProps) {
  return (
    <Menu align="end" trigger={<Dots of={of} />}>
      {children}
    </Menu>
  )
}

/** The menu's library gives the button what it needs to open the menu. */
function Dots({ of, ...given }: ComponentProps<'button'> & { readonly of: string | undefined }) {
  return (
    <button
      type="button"
      aria-label={of === undefined ? 'More actions' : `Actions for ${of}`}
      // Beside buttons that share a phone's width, the dots keep their own.
      className={
        of === undefined
          ? `${iconButtonClass({ kind: 'plain' })} flex-none! max-sm:ml-auto`
          : iconButtonClass({ kind: 'ghost', size: 'sm' })
      }
      {...given}
    >
      <Ellipsis aria-hidden size={16} />
    </button>
  )
}
