'use client'
import { type FocusEvent, type PointerEvent, type RefObject, useLayoutEffect, useRef, useState } from 'react'

/**
 * What opens under a button, and whose code is fetched only once a pointer or the focus comes near the button: most pages
 * are left without it ever being opened, and no page may weigh much at first. Until then the button is a plain one.
 */
export function useLate<Parts>(fetchParts: () => Promise<Parts>): {
  /** null: not here yet. */
  readonly parts: Parts | null
  readonly open: boolean
  readonly setOpen: (open: boolean) => void
  /** Of the element around the button, which takes up no place of its own. */
  readonly holder: {
    readonly ref: RefObject<HTMLSpanElement | null>
    readonly className: 'contents'
    readonly onPointerEnter: ((event: PointerEvent) => void) | undefined
    readonly onFocusCapture: ((event: FocusEvent) => void) | undefined
    readonly onPointerDownCapture: (event: PointerEvent) => void
    readonly onKeyDownCapture: () => void
    readonly onClick: () => void
  }
} {
  const [parts, setParts] = useState<Parts | null>(null)
  const [open, setOpen] = useState(false)
  const ref = useRef<HTMLSpanElement>(null)
  const plainWhenPressed = useRef(true)
  const hadFocus = useRef(false)
  const prepare = async () => {
    const fetched = await fetchParts()
    hadFocus.current = ref.current?.contains(document.activeElement) ?? false
    setParts(() => fetched)
  }
  // The button is made anew with what it opens; whoever stood on it stays on it.
  useLayoutEffect(() => {
    if (parts && hadFocus.current) ref.current?.querySelector<HTMLElement>('button')?.focus()
  }, [parts])
  return {
    parts,
    open,
    setOpen,
    holder: {
      ref,
      className: 'contents',
      onPointerEnter: parts ? undefined : prepare,
      onFocusCapture: parts ? undefined : prepare,
      onPointerDownCapture: (event) => {
        plainWhenPressed.current = parts === null
        if (parts !== null || event.pointerType !== 'mouse' || event.button !== 0) return
        // Made anew between press and release, the button would get no click: a quick press must open it all the same.
        // Nor may the press take the focus from what comes up, as focus elsewhere closes it.
        event.preventDefault()
        void prepare().then(() => setOpen(true))
      },
      onKeyDownCapture: () => {
        plainWhenPressed.current = parts === null
      },
      onClick: () => {
        if (!plainWhenPressed.current) return
        plainWhenPressed.current = false
        void prepare().then(() => setOpen(true))
      },
    },
  }
}
