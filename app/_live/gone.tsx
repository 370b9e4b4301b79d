'use client'
import { Trash2 } from 'lucide-react'
import Link from 'next/link'

/** What a page shows, for the case that it is deleted while the page is open. */
export interface Mortal {
  readonly id: string
  /** `work pool` */
  readonly what: string
  /** The way back: the list that it was in. */
  readonly href: string
  readonly words: string
}

/** Stands before the page's main, which is greyed by it: what is read there was known of the object, and is no longer. */
export function Gone({ mortal, by }: { readonly mortal: Mortal; readonly by: string | undefined }) {
  return (
    <div
      role="status"
      data-gone
      data-family="stop"
      className="mx-(--gutter) mt-4 flex flex-wrap items-center gap-x-2.5 gap-y-1 rounded-lg bg-(--tint) px-3 py-2.5 inset-ring inset-ring-(--edge)"
    >
      <Trash2 aria-hidden size={14} className="flex-none text-(--fg)" />
      <p className="min-w-0 flex-1 max-sm:basis-60">
        This {mortal.what} was deleted{by ? ` by ${by}` : ''}. What you see is what was known of it.
      </p>
      <Link href={mortal.href} className="link font-medium">
        {mortal.words}
      </Link>
    </div>
  )
}
