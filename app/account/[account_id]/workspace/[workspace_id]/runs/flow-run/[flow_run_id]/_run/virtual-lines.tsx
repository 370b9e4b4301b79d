'use client'
import { useVirtualizer } from '@tanstack/react-virtual'
import { type ReactNode, type RefObject, useEffect, useImperativeHandle, useRef } from 'react'
import type { LogRow } from '#lib/control/console/rows.ts'

export interface VirtualHandle {
  toIndex(index: number, align: 'start' | 'center' | 'end'): void
  /** The first line in sight. */
  first(): number
}

interface VirtualLinesProps {
  readonly handle: RefObject<VirtualHandle | null>
  readonly scroller: RefObject<HTMLDivElement | null>
  readonly rows: readonly LogRow[]
  /** The height of all lines, as far as it is known. */
  readonly onSize: (px: number) => void
  /** The lines stand, and can be scrolled to. */
  readonly onReady: () => void
  readonly children: (row: LogRow) => ReactNode
}

const linePx = 20

/** Of a long log only the lines in sight are in the document. */
export function VirtualLines({ handle, scroller, rows, onSize, onReady, children }: VirtualLinesProps) {
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => linePx,
    getItemKey: (index) => rows[index]?.id ?? index,
    overscan: 30,
    initialRect: { width: 1000, height: 560 },
  })
  const totalPx = virtual.getTotalSize()
  useImperativeHandle(
    handle,
    () => ({
      toIndex: (index, align) => virtual.scrollToIndex(index, { align }),
      first: () => virtual.range?.startIndex ?? 0,
    }),
    [virtual],
  )
  useEffect(() => onSize(totalPx), [totalPx, onSize])
  const ready = useRef(onReady)
  useEffect(() => {
    ready.current()
  }, [])
  return (
    <ol className="relative" style={{ height: totalPx }}>
      {virtual.getVirtualItems().map((item) => {
        const row = rows[item.index]
        return row ? (
          <li
            key={item.key}
            ref={virtual.measureElement}
            data-index={item.index}
            id={`L${row.line}`}
            className="absolute inset-x-0 top-0"
            style={{ transform: `translateY(${item.start}px)` }}
          >
            {children(row)}
          </li>
        ) : null
      })}
    </ol>
  )
}
