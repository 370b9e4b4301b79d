'use client'
import { type RefObject, useEffect, useLayoutEffect, useRef } from 'react'

/** Told on the document by a dialog that closes and finds what opened it gone. */
export const openerGone = 'rigel:opener-gone'

/** Whether nothing has the focus: the browser gives that of what was removed to the body. */
export const isFocusFree = (): boolean =>
  document.activeElement === document.body || document.activeElement === null

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
      if (stoodAt.current < 0 || !isFocusFree()) return
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

/**
 * When the button that has the focus goes away, as a verb does that the run's new state does not know, the focus goes to the
 * last of those beside it: whoever works by keyboard stays where they were.
 */
export function useButtonFocus(buttons: RefObject<HTMLElement | null>): void {
  const inside = useRef(false)
  useEffect(() => {
    const enter = (event: FocusEvent) => {
      inside.current = event.target instanceof Node && (buttons.current?.contains(event.target) ?? false)
    }
    // A press beside it leaves it; that the button itself was taken away does not.
    const leave = ({ target, relatedTarget }: FocusEvent) => {
      if (relatedTarget !== null) return
      queueMicrotask(() => {
        if (target instanceof Node && target.isConnected) inside.current = false
      })
    }
    document.addEventListener('focusin', enter)
    document.addEventListener('focusout', leave)
    return () => {
      document.removeEventListener('focusin', enter)
      document.removeEventListener('focusout', leave)
    }
  }, [buttons])
  // After every change of what stands there.
  useLayoutEffect(() => {
    if (inside.current && isFocusFree())
      [...(buttons.current?.querySelectorAll('button') ?? [])].at(-1)?.focus()
  })
}
