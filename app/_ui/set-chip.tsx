import { X } from 'lucide-react'
import type { ReactNode } from 'react'
import { chipClass } from './chip.tsx'

interface SetChipProps {
  readonly label: string
  /** Not set, it is as if the chip were not around its children: what is open below them stays open when it is set. */
  readonly isSet?: boolean
  readonly onClear: () => void
  /** What opens the choice. */
  readonly children: ReactNode
}

/** A filter that is set: its words open the choice, its × clears it. */
export function SetChip({ label, isSet = true, onClear, children }: SetChipProps) {
  return (
    <span className={isSet ? chipClass('set', 'bare') : 'contents'}>
      {children}
      {isSet ? (
        <button
          type="button"
          aria-label={`Clear ${label.toLowerCase()} filter`}
          onClick={onClear}
          className="grid h-full w-6 place-items-center rounded-r-md hover:bg-active max-sm:w-9"
        >
          <X aria-hidden size={14} />
        </button>
      ) : null}
    </span>
  )
}

/** `State failed`, as the button that opens the choice. An element and no component: menus give it what it needs. */
export const setWords = (label: string, chosen: ReactNode) => (
  <button type="button" className="inline-flex h-full items-center gap-1.5 rounded-l-md pl-[9px]">
    {label} <b className="max-w-60 truncate font-medium text-ink">{chosen}</b>
  </button>
)
