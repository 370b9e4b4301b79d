'use client'
import { useRouter } from 'next/navigation'
import { useEffect, useRef, useState } from 'react'
import { Dialog } from '#app/_ui/dialog.tsx'
import { Kbd } from '#app/_ui/kbd.tsx'
import { footItems, hrefOf, navItems } from './nav.ts'

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
  return (
    <Dialog open={open} onOpenChange={setOpen} title="Keyboard shortcuts" width={440}>
      <dl className="grid grid-cols-[1fr_auto] gap-x-6 gap-y-2">
        {[...navItems, ...footItems]
          .filter((item) => item.key)
          .map((item) => (
            <Row key={item.path} what={item.label} keys={['g', item.key ?? '']} />
          ))}
        <Row what="Search this page" keys={['/']} />
        <Row what="Next error in logs" keys={['e']} />
        <Row what="Follow logs" keys={['f']} />
        <Row what="All shortcuts" keys={['?']} />
        <Row what="Close" keys={['Esc']} />
      </dl>
    </Dialog>
  )
}

function Row({ what, keys }: { readonly what: string; readonly keys: readonly string[] }) {
  return (
    <>
      <dt className="text-ink-2">{what}</dt>
      <dd className="flex justify-end gap-1">
        {keys.map((key) => (
          <Kbd key={key}>{key}</Kbd>
        ))}
      </dd>
    </>
  )
}
