'use client'
import { Search } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { useEffect, useRef, useState } from 'react'
import { cx } from './class-names.ts'
import { Kbd } from './kbd.tsx'

interface NameSearchProps {
  readonly path: string
  /** Accessible name and placeholder: what is searched for. */
  readonly label: string
  /** Of the address; the rest of it stays as it is. */
  readonly param?: string
  readonly value: string | null
  /** Nothing stands beside it: on a phone it takes the whole line. */
  readonly alone?: boolean
}

/** Filters by what is typed, 200 ms after the last key. */
export function NameSearch({ path, label, param = 'name', value, alone = true }: NameSearchProps) {
  const router = useRouter()
  const [text, setText] = useState(value ?? '')
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => () => clearTimeout(timer.current), [])
  const show = (wanted: string) => {
    const params = new URLSearchParams(window.location.search)
    for (const place of ['after', 'page', param]) params.delete(place)
    if (wanted !== '') params.set(param, wanted)
    const query = params.toString()
    router.replace(query === '' ? path : `${path}?${query}`, { scroll: false })
  }
  return (
    <search className={cx('block', alone && 'max-sm:flex-1')}>
      <label
        className={cx(
          'flex h-7 w-65 items-center gap-2 rounded-md border border-line-control bg-surface px-2.5 text-ink-3 has-focus-visible:outline-2 has-focus-visible:outline-focus has-focus-visible:outline-offset-2 max-sm:h-9',
          // Beside chips it leaves room to see that there are some.
          alone ? 'max-sm:w-full' : 'max-sm:w-44',
        )}
      >
        <Search aria-hidden size={14} className="flex-none" />
        <input
          data-page-search
          type="search"
          aria-label={label}
          placeholder={label}
          value={text}
          maxLength={200}
          onChange={(event) => {
            const next = event.target.value
            setText(next)
            clearTimeout(timer.current)
            timer.current = setTimeout(() => show(next.trim()), 200)
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
