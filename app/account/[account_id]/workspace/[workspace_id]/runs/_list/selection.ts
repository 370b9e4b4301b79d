'use client'
import { useCallback, useEffect, useRef, useState } from 'react'

export interface Selection {
  readonly ids: ReadonlySet<string>
  /** All that match, not only those on this page. */
  readonly all: boolean
  /** Rows show their boxes also on a phone. */
  readonly picking: boolean
  readonly pick: () => void
  readonly toggle: (id: string, range: boolean) => void
  readonly togglePage: () => void
  readonly takeAll: () => void
  readonly clear: () => void
}

/** Which rows of a list are ticked. A range goes from the row that was ticked last. */
export function useSelection(rows: readonly { readonly id: string }[]): Selection {
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set())
  const [all, setAll] = useState(false)
  const [picking, setPicking] = useState(false)
  const pick = useCallback(() => setPicking(true), [])
  const last = useRef<string>(undefined)
  const clear = useCallback(() => {
    setIds(new Set())
    setAll(false)
    setPicking(false)
  }, [])
  const toggle = useCallback(
    (id: string, range: boolean) => {
      setAll(false)
      setIds((before) => {
        const next = new Set(before)
        const on = !before.has(id)
        const from = rows.findIndex((row) => row.id === last.current)
        const to = rows.findIndex((row) => row.id === id)
        const meant =
          range && from >= 0
            ? rows.slice(Math.min(from, to), Math.max(from, to) + 1).map((row) => row.id)
            : [id]
        for (const each of meant) {
          if (on) next.add(each)
          else next.delete(each)
        }
        return next
      })
      last.current = id
    },
    [rows],
  )
  const togglePage = useCallback(() => {
    setAll(false)
    setIds((before) =>
      rows.every((row) => before.has(row.id)) ? new Set() : new Set(rows.map((row) => row.id)),
    )
  }, [rows])
  const takeAll = useCallback(() => {
    setIds(new Set(rows.map((row) => row.id)))
    setAll(true)
  }, [rows])
  // Esc clears, unless it has closed something: a dialog is gone by now, and its press is marked as taken.
  useEffect(() => {
    if (ids.size === 0) return
    const onKey = (event: KeyboardEvent) => {
      if (event.key === 'Escape' && !event.defaultPrevented) clear()
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [ids.size, clear])
  return { ids, all, picking, pick, toggle, togglePage, takeAll, clear }
}
