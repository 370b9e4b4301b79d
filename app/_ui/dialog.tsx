'use client'
import { Dialog as Radix } from 'radix-ui'
import { type KeyboardEvent, type ReactNode, useContext, useRef, useState } from 'react'
import { cx } from './class-names.ts'
import { focusFirstFault } from './field.tsx'
import { OpenerContext, openerOf } from './opener.ts'
import { isFocusFree, openerGone } from './row-focus.ts'

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

/** Enter in a line of text presses the last button at the foot, as in a form: what the dialog is there for. */
function pressDefault(event: KeyboardEvent<HTMLDivElement>, foot: HTMLElement | null): void {
  const at = event.target
  if (event.key !== 'Enter' || event.nativeEvent.isComposing || !(at instanceof HTMLInputElement)) return
  // A form has a default of its own, and a list of suggestions is chosen from by the same key.
  if (at.form || at.list || at.type === 'checkbox' || at.type === 'radio') return
  event.preventDefault()
  foot?.querySelector<HTMLButtonElement>(':scope > button:last-of-type')?.click()
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
  const known = useContext(OpenerContext)
  const [opener] = useState(() => known ?? openerOf())
  const body = useRef<HTMLDivElement>(null)
  const end = useRef<HTMLDivElement>(null)
  const change = (next: boolean) => {
    if (!next && mayClose && !mayClose()) return
    onOpenChange(next)
  }
  return (
    <Radix.Root open={open} onOpenChange={change}>
      <Radix.Portal>
        <Radix.Overlay className="fade-in fixed inset-0 z-20 flex items-start justify-center overflow-y-auto bg-(--scrim) p-4 pt-[12vh] max-sm:pt-4">
          <Radix.Content
            aria-describedby={description ? undefined : ''}
            onCloseAutoFocus={(event) => {
              event.preventDefault()
              // Whoever took the focus on purpose meanwhile keeps it.
              if (!isFocusFree()) return
              if (opener?.isConnected) opener.focus()
              else document.dispatchEvent(new Event(openerGone))
            }}
            onKeyDown={(event) => pressDefault(event, end.current)}
            className={cx(
              // From below on a phone, by a margin: aligned there, what is taller than the window could not be scrolled to.
              'rise-in w-full overflow-hidden max-sm:mt-auto rounded-xl bg-raised text-ink shadow-dialog focus:outline-none',
              width === 440 ? 'max-w-110' : 'max-w-130',
            )}
            style={{ '--cut': 'var(--raised)' } as React.CSSProperties}
          >
            <div ref={body} className="grid grid-cols-1 gap-4 p-5">
              <div className="text-balance">
                <Radix.Title className="font-semibold text-lg">{title}</Radix.Title>
                {description ? (
                  <Radix.Description className="mt-1 text-ink-2">{description}</Radix.Description>
                ) : null}
              </div>
              {children}
            </div>
            {foot ? (
              // biome-ignore lint/a11y/noStaticElementInteractions: what is pressed are the buttons in it
              // biome-ignore lint/a11y/useKeyWithClickEvents: a key that presses a button clicks too
              <div
                ref={end}
                // A press that leaves something wrong leads there.
                onClick={() => focusFirstFault(body.current)}
                className="flex justify-end gap-2 border-line border-t px-5 py-3 max-sm:*:flex-1"
              >
                {foot}
              </div>
            ) : null}
          </Radix.Content>
        </Radix.Overlay>
      </Radix.Portal>
    </Radix.Root>
  )
}
