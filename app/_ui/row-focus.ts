'use client'
import { type RefObject, useEffect, useRef } from 'react'

/** Told on the document by a dialog that closes and finds what opened it gone. */
export const openerGone = 'rigel:opener-gone'

/**
 * When the row that had the focus goes away, the focus goes to the row in its place, else to the last one, else to
 * `fallback`: a deletion must not send whoever works by keyboard back to the top of the page.
 */
export function useRowFocus(
  table: RefObject<HTMLElement | null>,
  ids: readonly string[],
  fallback?: RefObject<HTMLElement | null>,
): void {
  const stoodAt = useRef(-1)
  const key = ids.join()
  const before = useRef(key)
  useEffect(() => {
    const note = (event: Event) => {
      const row = event.target instanceof Element ? event.target.closest('tbody tr') : null
      if (row && table.current?.contains(row))
        stoodAt.current = [...(row.parentElement?.children ?? [])].indexOf(row)
    }
    document.addEventListener('focusin', note)
    // A menu that is opened by a pointer takes the focus before its button had it.
    document.addEventListener('pointerdown', note)
    return () => {
      document.removeEventListener('focusin', note)
      document.removeEventListener('pointerdown', note)
    }
  }, [table])
  useEffect(() => {
    const restore = () => {
      // The browser gives the focus of what was removed to the body.
      const free = document.activeElement === document.body || document.activeElement === null
      if (stoodAt.current < 0 || !free) return
      const rows = [...(table.current?.querySelectorAll<HTMLElement>('tbody tr') ?? [])]
      const row = rows[stoodAt.current] ?? rows.at(-1)
      const target = row?.querySelector<HTMLElement>('a, button') ?? fallback?.current
      target?.focus()
    }
    if (before.current !== key) {
      before.current = key
      restore()
    }
    // The row may go while the dialog that asked about it still stands and has the focus.
    document.addEventListener(openerGone, restore)
    return () => document.removeEventListener(openerGone, restore)
  }, [key, table, fallback])
}
