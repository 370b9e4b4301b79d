'use client'
import { Search } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { useEffect, useRef, useState } from 'react'
import { Kbd } from '#app/_ui/kbd.tsx'

/** Filters by name 200 ms after the last key. */
export function FlowSearch({ path, name }: { readonly path: string; readonly name: string | null }) {
  const router = useRouter()
  const [text, setText] = useState(name ?? '')
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => () => clearTimeout(timer.current), [])
  return (
    <search className="mb-2 block">
      <label className="flex h-7 w-65 items-center gap-2 rounded-md border border-line-control bg-surface px-2.5 text-ink-3 has-focus-visible:outline-2 has-focus-visible:outline-focus has-focus-visible:outline-offset-2 max-sm:h-9 max-sm:w-full">
        <Search aria-hidden size={14} className="flex-none" />
        <input
          data-page-search
          type="search"
          aria-label="Flow name"
          placeholder="Flow name"
          value={text}
          maxLength={200}
          onChange={(event) => {
            const next = event.target.value
            setText(next)
            clearTimeout(timer.current)
            timer.current = setTimeout(() => {
              router.replace(next.trim() === '' ? path : `${path}?name=${encodeURIComponent(next.trim())}`, {
                scroll: false,
              })
            }, 200)
          }}
          className="min-w-0 flex-1 bg-transparent text-ink text-xs outline-none max-sm:text-lg [&::-webkit-search-cancel-button]:appearance-none"
        />
        {text === '' ? (
          <span aria-hidden className="max-sm:hidden">
            <Kbd>/</Kbd>
          </span>
        ) : null}
      </label>
    </search>
  )
}
