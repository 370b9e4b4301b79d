'use client'
import { Lock } from 'lucide-react'
import { type ReactNode, useId, useState } from 'react'
import { type ButtonSize, buttonClass } from './button.tsx'
import { cx } from './class-names.ts'

interface WithheldProps {
  /** The verb, as on the button of whoever may. */
  readonly children: ReactNode
  /** The reader's role, the role that is needed, and who can give it. */
  readonly why: string
  readonly size?: ButtonSize
}

/** A verb that the reader's role does not allow. The focus and the pointer reach it and are told why; a press does nothing. */
export function Withheld({ children, why, size = 'md' }: WithheldProps) {
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
      <button
        type="button"
        aria-disabled
        aria-describedby={id}
        className={cx(buttonClass({ size }), 'pointer-events-auto! w-full cursor-not-allowed')}
      >
        <Lock aria-hidden size={12} />
        {children}
      </button>
      <span
        id={id}
        role="tooltip"
        className={cx(
          'invisible absolute top-full right-0 z-30 mt-1.5 w-64 max-w-[80vw] whitespace-normal rounded-md bg-raised px-2.5 py-2 text-left text-ink text-xs shadow-pop max-sm:right-auto max-sm:left-0',
          !hushed && 'group-focus-within:visible group-hover:visible',
        )}
      >
        {why}
      </span>
    </span>
  )
}
