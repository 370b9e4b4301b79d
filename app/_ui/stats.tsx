import type { ReactNode } from 'react'

/** A few numbers that say how it stands, side by side. */
export function Stats({ children }: { readonly children: ReactNode }) {
  return (
    <dl className="grid grid-cols-2 rounded-lg border border-line lg:grid-cols-4 [&>div:nth-child(even)]:border-l max-lg:[&>div:nth-child(n+3)]:border-t lg:[&>div:nth-child(3)]:border-l">
      {children}
    </dl>
  )
}

export function Stat({
  name,
  value,
  children,
  below,
}: {
  readonly name: string
  readonly value: ReactNode
  /** After the number. */
  readonly children?: ReactNode
  readonly below?: ReactNode
}) {
  return (
    <div className="min-w-0 border-line px-4 py-3">
      <dt className="mb-0.5 text-ink-3 text-xs">{name}</dt>
      <dd className="flex flex-wrap items-baseline gap-x-1.5 overflow-hidden">
        <b className="font-semibold text-2xl tracking-[-0.02em] max-sm:text-xl">{value}</b>
        {children ? <span className="text-ink-3">{children}</span> : null}
      </dd>
      {below ? <dd className="mt-1 text-ink-3 text-xs">{below}</dd> : null}
    </div>
  )
}
