'use client'
import dynamic from 'next/dynamic'
import { useRouter } from 'next/navigation'
import { useEffect, useRef, useState } from 'react'
import { footItems, hrefOf, navItems } from './nav.ts'

// Fetched when it is asked for.
const ShortcutSheet = dynamic(() => import('./shortcut-sheet.tsx'), { ssr: false })

/** Two keys within this many milliseconds belong together. */
const together = 1000

/** Single keys never fire while typing, in a menu or with a modifier held. */
function isTyping(event: KeyboardEvent): boolean {
  if (event.metaKey || event.ctrlKey || event.altKey || event.isComposing) return true
  const at = event.target
  return (
    at instanceof HTMLElement &&
    (at.isContentEditable || at.closest('input, textarea, select, [role=menu], [role=dialog]') !== null)
  )
}

/** Where letter keys lead: `g` and a letter opens a page, `/` goes to the page's search, `?` lists them all. */
export function Shortcuts({ base }: { readonly base: string }) {
  const router = useRouter()
  const [open, setOpen] = useState(false)
  const wentAt = useRef(0)
  useEffect(() => {
    const pages = [...navItems, ...footItems].filter((item) => item.key)
    const onKey = (event: KeyboardEvent) => {
      if (isTyping(event)) return
      const page =
        event.timeStamp - wentAt.current < together ? pages.find((item) => item.key === event.key) : undefined
      wentAt.current = event.key === 'g' ? event.timeStamp : 0
      if (page) router.push(hrefOf(page, base))
      else if (event.key === '?') setOpen(true)
      else if (event.key === '/') {
        const search = document.querySelector<HTMLInputElement>('[data-page-search]')
        if (!search) return
        event.preventDefault()
        search.focus()
        search.select()
      }
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [base, router])
  return open ? <ShortcutSheet onClose={() => setOpen(false)} /> : null
}
