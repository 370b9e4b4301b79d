'use client'
import { type ReactNode, useRef } from 'react'
import { useRowFocus } from './row-focus.ts'

/** Around a list whose rows go away by a verb of their own: see `useRowFocus`. */
export function KeepRow({
  ids,
  children,
}: {
  readonly ids: readonly string[]
  readonly children: ReactNode
}) {
  const list = useRef<HTMLDivElement>(null)
  useRowFocus(list, ids)
  return <div ref={list}>{children}</div>
}
