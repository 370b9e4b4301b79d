import type { ReactNode } from 'react'
import type { Family } from './states.ts'

/** A tinted line with an icon: something to know about this page now. */
export function Note({
  family,
  icon,
  children,
  role,
}: {
  readonly family: Family
  readonly icon: ReactNode
  readonly children: ReactNode
  readonly role?: 'status' | 'alert'
}) {
  return (
    <div
      role={role}
      data-family={family}
      className="flex gap-2.5 rounded-lg bg-(--tint) px-3 py-2.5 inset-ring inset-ring-(--edge)"
    >
      <span aria-hidden className="mt-0.5 text-(--fg)">
        {icon}
      </span>
      <div className="min-w-0">{children}</div>
    </div>
  )
}
