'use client'
import { useVirtualizer } from '@tanstack/react-virtual'
import type { CSSProperties, ReactNode, RefObject } from 'react'
import { phoneRowPx, rowPx, type TimelineRow } from './timeline-rows.ts'

interface VirtualRowsProps {
  readonly scroller: RefObject<HTMLDivElement | null>
  readonly rows: readonly TimelineRow[]
  readonly children: (row: TimelineRow, style: CSSProperties) => ReactNode
}

/** Of a long timeline only the rows in sight are in the document. */
export function VirtualRows({ scroller, rows, children }: VirtualRowsProps) {
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => (window.matchMedia('(max-width: 639.98px)').matches ? phoneRowPx : rowPx),
    overscan: 20,
  })
  return (
    <ol className="relative" style={{ height: virtual.getTotalSize() }}>
      {virtual.getVirtualItems().map((item) => {
        const row = rows[item.index]
        return row ? children(row, { position: 'absolute', insetInline: 0, top: item.start }) : null
      })}
    </ol>
  )
}
