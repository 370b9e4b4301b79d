'use client'
import { Dialog as Radix } from 'radix-ui'
import { type ReactNode, useState } from 'react'
import { cx } from './class-names.ts'
import { openerGone } from './row-focus.ts'

interface DialogProps {
  readonly open: boolean
  readonly onOpenChange: (open: boolean) => void
  /** A question or a fact. */
  readonly title: ReactNode
  readonly description?: ReactNode
  readonly children?: ReactNode
  readonly foot?: ReactNode
  readonly width?: 440 | 520
  /** Answer false to stay open: a secret is not copied yet. */
  readonly mayClose?: () => boolean
}

/**
 * What the reader stood on when the dialog came: the item of a menu is gone by the time it closes, the menu's button is not.
 */
function openerOf(): HTMLElement | null {
  if (typeof document === 'undefined') return null
  const at = document.activeElement
  const menu = at?.closest('[role=menu]')?.getAttribute('aria-labelledby')
  const opener = menu ? document.getElementById(menu) : at
  return opener instanceof HTMLElement && opener !== document.body ? opener : null
}

/** On a phone it rises from below. Focus goes in, and back to what opened it. */
export function Dialog({
  open,
  onOpenChange,
  title,
  description,
  children,
  foot,
  width = 520,
  mayClose,
}: DialogProps) {
  const [opener] = useState(openerOf)
  const change = (next: boolean) => {
    if (!next && mayClose && !mayClose()) return
    onOpenChange(next)
  }
  return (
    <Radix.Root open={open} onOpenChange={change}>
      <Radix.Portal>
        <Radix.Overlay className="fade-in fixed inset-0 z-20 flex items-start justify-center overflow-y-auto bg-(--scrim) p-4 pt-[12vh] max-sm:items-end max-sm:pt-4">
          <Radix.Content
            aria-describedby={description ? undefined : ''}
            onCloseAutoFocus={(event) => {
              event.preventDefault()
              // Whoever took the focus on purpose meanwhile keeps it.
              const free = document.activeElement === document.body || document.activeElement === null
              if (!free) return
              if (opener?.isConnected) opener.focus()
              else document.dispatchEvent(new Event(openerGone))
            }}
            className={cx(
              'rise-in w-full overflow-hidden rounded-xl bg-raised text-ink shadow-dialog focus:outline-none',
              width === 440 ? 'max-w-110' : 'max-w-130',
            )}
            style={{ '--cut': 'var(--raised)' } as React.CSSProperties}
          >
            <div className="grid grid-cols-1 gap-4 p-5">
              <div className="text-balance">
                <Radix.Title className="font-semibold text-lg">{title}</Radix.Title>
                {description ? (
                  <Radix.Description className="mt-1 text-ink-2">{description}</Radix.Description>
                ) : null}
              </div>
              {children}
            </div>
            {foot ? (
              <div className="flex justify-end gap-2 border-line border-t px-5 py-3 max-sm:*:flex-1">
                {foot}
              </div>
            ) : null}
          </Radix.Content>
        </Radix.Overlay>
      </Radix.Portal>
    </Radix.Root>
  )
}
