'use client'
import { Copy, Ellipsis } from 'lucide-react'
import { iconButtonClass } from '#app/_ui/button.tsx'
import { Menu, MenuItem } from '#app/_ui/menu.tsx'
import { toastDone } from '#app/_ui/toaster.tsx'

export function RunActions({ runId }: { readonly runId: string }) {
  const copy = async (text: string, what: string) => {
    await navigator.clipboard?.writeText(text)
    toastDone(`Copied ${what}.`)
  }
  return (
    <span className="max-sm:hidden">
      <Menu
        align="end"
        trigger={
          <button type="button" aria-label="More actions" className={iconButtonClass()}>
            <Ellipsis aria-hidden size={16} />
          </button>
        }
      >
        <MenuItem onSelect={() => void copy(runId, 'the run ID')}>
          <Copy aria-hidden size={14} /> Copy run ID
        </MenuItem>
        <MenuItem onSelect={() => void copy(window.location.href, 'the link')}>
          <Copy aria-hidden size={14} /> Copy link to this view
        </MenuItem>
      </Menu>
    </span>
  )
}
