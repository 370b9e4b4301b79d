'use client'
import { type RefObject, useEffect, useRef } from 'react'

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
    const note = (event: FocusEvent) => {
      const row = event.target instanceof Element ? event.target.closest('tbody tr') : null
      if (row && table.current?.contains(row))
        stoodAt.current = [...(row.parentElement?.children ?? [])].indexOf(row)
    }
    document.addEventListener('focusin', note)
    return () => document.removeEventListener('focusin', note)
  }, [table])
  useEffect(() => {
    if (before.current === key) return
    before.current = key
    // The browser gives the focus of what was removed to the body.
    if (stoodAt.current < 0 || (document.activeElement !== document.body && document.activeElement !== null))
      return
    const rows = [...(table.current?.querySelectorAll<HTMLElement>('tbody tr') ?? [])]
    const row = rows[stoodAt.current] ?? rows.at(-1)
    const target = row?.querySelector<HTMLElement>('a, button') ?? fallback?.current
    target?.focus()
  }, [key, table, fallback])
}
