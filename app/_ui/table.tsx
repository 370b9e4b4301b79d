import type { ReactNode, Ref } from 'react'
import { cx } from './class-names.ts'

export interface Column {
  readonly head: string
  /** Pixels, or a share such as `w-1/4`; without one it takes what the others leave. */
  readonly width?: number | 'w-1/4'
  /** The breakpoint from which it is there. Its cells say the same, and on a phone `hide`. */
  readonly from?: keyof typeof hiddenBelow
  /** Numbers and durations stand at the right. */
  readonly num?: boolean
  /** The head is for screen readers alone: verbs. */
  readonly unseen?: boolean
}

const hiddenBelow = {
  sm: 'max-sm:hidden',
  lg: 'max-lg:hidden',
  xl: 'max-xl:hidden',
  wide: 'max-wide:hidden',
} as const

interface TableProps {
  readonly caption: string
  readonly columns: readonly Column[]
  /** Rows. */
  readonly children: ReactNode
  /** Within a card. */
  readonly inset?: boolean
  readonly ref?: Ref<HTMLTableElement>
}

/** A list: heads above hairlines on a desk, two-line items on a phone. */
export function Table({ caption, columns, children, inset, ref }: TableProps) {
  return (
    <table ref={ref} className={cx('t stack', inset ? 'inset' : 'flush')}>
      <caption className="sr-only">{caption}</caption>
      <colgroup>
        {columns.map(({ head, width, from }) => (
          <col
            key={head}
            className={cx(typeof width === 'string' && width, from && hiddenBelow[from])}
            style={typeof width === 'number' ? { width } : undefined}
          />
        ))}
      </colgroup>
      <thead>
        <tr>
          {columns.map(({ head, from, num, unseen }) => (
            <th key={head} scope="col" className={cx(num && 'num', from && hiddenBelow[from])}>
              {unseen ? <span className="sr-only">{head}</span> : head}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  )
}
