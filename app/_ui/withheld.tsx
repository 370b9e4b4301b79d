'use client'
import { Lock } from 'lucide-react'
import { type ReactNode, useId, useState } from 'react'
import { type ButtonSize, buttonClass } from './button.tsx'
import { cx } from './class-names.ts'

interface ExplainedProps {
  /** The reader's role, the role that is needed, and who can give it. */
  readonly why: string
  /** Which of its edges the words begin at; on a phone always the left one. */
  readonly at?: 'left' | 'right'
  /** A control that takes no press, given the id of the words that describe it. */
  readonly children: (describedBy: string) => ReactNode
}

/** Says why a control is locked, to the pointer and to the focus alike. */
export function Explained({ why, at = 'right', children }: ExplainedProps) {
  const id = useId()
  const [hushed, setHushed] = useState(false)
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: listens to the button inside, and is no target itself
    <span
      className="group relative inline-flex flex-none"
      onPointerLeave={() => setHushed(false)}
      onBlur={() => setHushed(false)}
      onKeyDown={(event) => {
        if (event.key === 'Escape') setHushed(true)
      }}
    >
      {children(id)}
      <span
        id={id}
        role="tooltip"
        className={cx(
          'invisible absolute top-full z-30 mt-1.5 w-64 max-w-[80vw] whitespace-normal rounded-md bg-raised px-2.5 py-2 text-left font-normal text-ink text-xs shadow-pop',
          at === 'left' ? 'left-0' : 'right-0 max-sm:right-auto max-sm:left-0',
          !hushed && 'group-focus-within:visible group-hover:visible',
        )}
      >
        {why}
      </span>
    </span>
  )
}

interface WithheldProps {
  /** The verb, as on the button of whoever may. */
  readonly children: ReactNode
  readonly why: string
  readonly size?: ButtonSize
}

/** A verb that the reader's role does not allow. The focus and the pointer reach it and are told why; a press does nothing. */
export function Withheld({ children, why, size = 'md' }: WithheldProps) {
  return (
    <Explained why={why}>
      {(describedBy) => (
        <button
          type="button"
          aria-disabled
          aria-describedby={describedBy}
          className={cx(buttonClass({ size }), 'pointer-events-auto! w-full cursor-not-allowed')}
        >
          <Lock aria-hidden size={12} />
          {children}
        </button>
      )}
    </Explained>
  )
}
