'use client'
import { createContext } from 'react'

/** What opened a dialog whose code comes late: by the time that is there, the item of a menu is gone. */
export const OpenerContext = createContext<HTMLElement | null>(null)

/** What the reader stands on as something opens. The item of a menu goes with it; the menu's button does not. */
export function openerOf(): HTMLElement | null {
  if (typeof document === 'undefined') return null
  const at = document.activeElement
  const menu = at?.closest('[role=menu]')?.getAttribute('aria-labelledby')
  const opener = menu ? document.getElementById(menu) : at
  return opener instanceof HTMLElement && opener !== document.body ? opener : null
}
