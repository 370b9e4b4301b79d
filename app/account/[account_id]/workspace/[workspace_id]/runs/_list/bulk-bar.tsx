'use client'
import { CircleStop, Lock, Pause, Play, RotateCw, Trash2, X } from 'lucide-react'
import { type ReactNode, useId, useState } from 'react'
import { apiOf } from '#app/_ui/api-path.ts'
import { Button, IconButton } from '#app/_ui/button.tsx'
import { lateDialog } from '#app/_ui/late-dialog.tsx'
import { formatCount } from '#app/_ui/times.ts'
import type { RunFilter } from '#lib/control/console/run-filter.ts'
import type { BulkVerb, Chosen } from '../_actions/do-bulk.ts'
import type { RunLocks } from '../_actions/run-locks.ts'
import type { Selection } from './selection.ts'

const BulkDialog = lateDialog(() => import('../_actions/bulk-dialog.tsx').then((file) => file.BulkDialog))

const bulkVerbs = [
  { verb: 'cancel', words: 'Cancel runs', needs: 'run' },
  { verb: 'pause', words: 'Pause runs', needs: 'run' },
  { verb: 'resume', words: 'Resume runs', needs: 'run' },
  { verb: 'retry', words: 'Retry runs', needs: 'run' },
  { verb: 'set-state', words: 'Change state', needs: 'run' },
  { verb: 'delete', words: 'Delete runs', needs: 'manage' },
] as const satisfies readonly {
  readonly verb: BulkVerb
  readonly words: string
  readonly needs: keyof RunLocks
}[]

const icons = {
  cancel: <CircleStop aria-hidden size={14} />,
  pause: <Pause aria-hidden size={14} />,
  resume: <Play aria-hidden size={14} />,
  retry: <RotateCw aria-hidden size={14} />,
  'set-state': null,
  delete: <Trash2 aria-hidden size={14} />,
} as const satisfies Record<BulkVerb, ReactNode>

interface BulkBarProps {
  readonly base: string
  readonly selection: Selection
  readonly filter: RunFilter
  readonly shown: number
  readonly count: number
  readonly countCap: number
  readonly locks: RunLocks
  readonly onDone: () => void
}

/** What can be done with the ticked rows; stands where the head of the list was. */
export function BulkBar({ base, selection, filter, shown, count, countCap, locks, onDone }: BulkBarProps) {
  const [verb, setVerb] = useState<BulkVerb | null>(null)
  const [chosen, setChosen] = useState<Chosen | null>(null)
  const open = (next: BulkVerb) => {
    setChosen(selection.all ? { kind: 'all', filter } : { kind: 'ids', ids: [...selection.ids] })
    setVerb(next)
  }
  const whyId = useId()
  const why = locks.run ?? locks.manage
  const nobody = selection.ids.size === 0
  const words = selection.all ? formatCount(count, countCap) : formatCount(selection.ids.size)
  return (
    <section
      aria-label="Selected runs"
      // On a phone it stands above the bar of pages, where the thumb is.
      // On a desk it lies over the line above the list, so that no row moves under the pointer that ticks it.
      className="z-10 flex flex-wrap items-center gap-2 bg-accent-tint py-1.5 max-sm:fixed max-sm:inset-x-0 max-sm:bottom-14 max-sm:border-accent-edge max-sm:border-t max-sm:px-(--gutter) sm:absolute sm:inset-x-0 sm:bottom-0 sm:rounded-lg sm:px-3 sm:py-1 sm:inset-ring sm:inset-ring-accent-edge"
    >
      <span role="status" className="font-medium">
        {words} selected
      </span>
      {!selection.all && selection.ids.size >= shown && count > shown ? (
        <button type="button" className="link text-xs" onClick={selection.takeAll}>
          Select all {formatCount(count, countCap)} that match
        </button>
      ) : null}
      {selection.ids.size < shown ? (
        <button type="button" className="link text-xs sm:hidden" onClick={selection.togglePage}>
          Select all on this page
        </button>
      ) : null}
      <span className="scroll-quiet ml-auto flex items-center gap-2 max-sm:order-last max-sm:-mx-(--gutter) max-sm:w-dvw max-sm:overflow-x-auto max-sm:px-(--gutter) max-sm:py-0.5 sm:flex-wrap">
        {bulkVerbs.map(({ verb: each, words: label, needs }) => (
          <Button
            key={each}
            size="sm"
            kind={each === 'delete' ? 'danger-line' : 'plain'}
            {...(locks[needs] === null
              ? { disabled: nobody, onClick: () => open(each) }
              : { 'aria-disabled': true, 'aria-describedby': whyId })}
          >
            {locks[needs] === null ? icons[each] : <Lock aria-hidden size={12} />}
            {label}
          </Button>
        ))}
        {why === null ? null : (
          <span id={whyId} className="whitespace-normal text-ink-2 text-xs max-sm:min-w-70">
            {why}
          </span>
        )}
      </span>
      <IconButton label="Clear selection" onClick={selection.clear} className="max-sm:ml-auto">
        <X aria-hidden size={14} />
      </IconButton>
      {verb && chosen ? (
        <BulkDialog
          api={apiOf(base)}
          verb={verb}
          chosen={chosen}
          onClose={() => setVerb(null)}
          onDone={() => {
            selection.clear()
            onDone()
          }}
        />
      ) : null}
    </section>
  )
}
