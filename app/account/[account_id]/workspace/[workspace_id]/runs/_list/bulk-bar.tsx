'use client'
import { CircleStop, RotateCw, Trash2, X } from 'lucide-react'
import dynamic from 'next/dynamic'
import { useState } from 'react'
import { apiOf } from '#app/_ui/api-path.ts'
import { Button, IconButton } from '#app/_ui/button.tsx'
import { formatCount } from '#app/_ui/times.ts'
import type { RunFilter } from '#lib/control/console/run-filter.ts'
import type { BulkVerb, Chosen } from '../_actions/bulk-dialog.tsx'
import type { Selection } from './selection.ts'

const BulkDialog = dynamic(() => import('../_actions/bulk-dialog.tsx').then((file) => file.BulkDialog))

export interface MayAct {
  /** Change states. */
  readonly run: boolean
  readonly manage: boolean
}

interface BulkBarProps {
  readonly base: string
  readonly selection: Selection
  readonly filter: RunFilter
  readonly shown: number
  readonly count: number
  readonly countCap: number
  readonly may: MayAct
  readonly onDone: () => void
}

/** What can be done with the ticked rows; stands where the head of the list was. */
export function BulkBar({ base, selection, filter, shown, count, countCap, may, onDone }: BulkBarProps) {
  const [verb, setVerb] = useState<BulkVerb | null>(null)
  const [chosen, setChosen] = useState<Chosen | null>(null)
  const open = (next: BulkVerb) => {
    setChosen(selection.all ? { kind: 'all', filter } : { kind: 'ids', ids: [...selection.ids] })
    setVerb(next)
  }
  const words = selection.all ? formatCount(count, countCap) : formatCount(selection.ids.size)
  return (
    <section
      aria-label="Selected runs"
      className="sticky top-(--topbar) z-10 mb-2 flex flex-wrap items-center gap-2 rounded-lg bg-accent-tint px-3 py-1.5 inset-ring inset-ring-accent-edge"
    >
      <span role="status" className="font-medium">
        {words} selected
      </span>
      {!selection.all && selection.ids.size >= shown && count > shown ? (
        <button type="button" className="link text-xs" onClick={selection.takeAll}>
          Select all {formatCount(count, countCap)} that match
        </button>
      ) : null}
      <span className="ml-auto flex flex-wrap items-center gap-2 max-sm:ml-0">
        {may.run ? (
          <>
            <Button size="sm" onClick={() => open('cancel')}>
              <CircleStop aria-hidden size={14} />
              Cancel runs
            </Button>
            <Button size="sm" onClick={() => open('retry')}>
              <RotateCw aria-hidden size={14} />
              Retry runs
            </Button>
            <Button size="sm" onClick={() => open('set-state')}>
              Change state
            </Button>
          </>
        ) : null}
        {may.manage ? (
          <Button size="sm" kind="danger-line" onClick={() => open('delete')}>
            <Trash2 aria-hidden size={14} />
            Delete runs
          </Button>
        ) : null}
        {may.run || may.manage ? null : (
          <span className="text-ink-3 text-xs">Your role may not change runs.</span>
        )}
        <IconButton label="Clear selection" onClick={selection.clear}>
          <X aria-hidden size={14} />
        </IconButton>
      </span>
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
