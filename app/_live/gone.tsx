'use client'
import { Trash2 } from 'lucide-react'
import Link from 'next/link'
import { useEffect, useRef, useState } from 'react'
import { Time } from '#app/_ui/time.tsx'

/** What a page shows, for the case that it is deleted while the page is open. */
export interface Mortal {
  readonly id: string
  /** `work pool` */
  readonly what: string
  /** The way back: the list that it was in. */
  readonly href: string
  readonly words: string
}

const controls = 'a[href], button, input, select, textarea, summary, [role=button]'

/** Stands before the page's main, which is greyed by it: what is read there was known of the object, and nothing can be done with it. */
export function Gone({ mortal, by }: { readonly mortal: Mortal; readonly by: string | undefined }) {
  // It was told as it happened.
  const [at] = useState(() => new Date().toISOString())
  const note = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const main = note.current?.parentElement?.querySelector(':scope > main')
    if (!main) return
    if (main.contains(document.activeElement)) note.current?.querySelector('a')?.focus()
    // Not the page as a whole: its facts can still be read aloud, selected and copied.
    const lock = () => {
      for (const control of main.querySelectorAll<HTMLElement>(controls)) control.inert = true
    }
    lock()
    const watcher = new MutationObserver(lock)
    watcher.observe(main, { childList: true, subtree: true })
    return () => watcher.disconnect()
  }, [])
  return (
    <div
      ref={note}
      role="status"
      data-gone
      data-family="stop"
      className="mx-(--gutter) mt-4 flex flex-wrap items-center gap-x-2.5 gap-y-1 rounded-lg bg-(--tint) px-3 py-2.5 inset-ring inset-ring-(--edge)"
    >
      <Trash2 aria-hidden size={14} className="flex-none text-(--fg)" />
      <p className="min-w-0 flex-1 max-sm:basis-60">
        This {mortal.what} was deleted{by ? ` by ${by}` : ''}, <Time at={at} />. What you see is what was
        known of it.
      </p>
      <Link href={mortal.href} className="link font-medium">
        {mortal.words}
      </Link>
    </div>
  )
}
