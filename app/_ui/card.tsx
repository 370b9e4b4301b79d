import type { ReactNode } from 'react'
import { cx } from './class-names.ts'

interface CardProps {
  readonly title?: ReactNode
  readonly aside?: ReactNode
  readonly children: ReactNode
  readonly className?: string
}

export function Card({ title, aside, children, className }: CardProps) {
  return (
    <section className={cx('min-w-0 rounded-lg border border-line bg-surface', className)}>
      {title ? (
        <header className="flex min-h-10 items-center gap-2 border-line border-b px-4 py-1.5">
          <h2 className="font-semibold">{title}</h2>
          {aside ? <div className="ml-auto flex items-center gap-1">{aside}</div> : null}
        </header>
      ) : null}
      {children}
    </section>
  )
}

/** Facts of a thing: pairs in one line on a desk, two columns on a phone. */
export function Facts({
  children,
  className,
}: {
  readonly children: ReactNode
  readonly className?: string
}) {
  return (
    <dl
      className={cx(
        'flex flex-wrap gap-x-6 gap-y-2 max-sm:grid max-sm:grid-cols-2 max-sm:gap-x-4 max-sm:gap-y-2.5',
        className,
      )}
    >
      {children}
    </dl>
  )
}

export function Fact({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div className="min-w-0 max-sm:overflow-hidden">
      <dt className="text-2xs text-ink-3">{name}</dt>
      <dd className="max-sm:[overflow-wrap:anywhere]">{children}</dd>
    </div>
  )
}
