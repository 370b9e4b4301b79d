'use client'
import { useRouter } from 'next/navigation'
import { useEffect, useRef, useState } from 'react'
import type { Change, LiveNoun, LiveTopic, ObjectChange } from '#lib/domain/change.ts'
import { Gone, type Mortal } from './gone.tsx'
import { LiveTopicOf, useChanges } from './live.tsx'

/** Changes that come within this time are read with one refresh. */
const settleMs = 150
/** While runs change all the time, a page made of them is read anew this often at most. */
const runsMs = 1500

interface RefreshOnProps {
  readonly nouns: readonly LiveNoun[]
  readonly cursor: string
  /** `follow`: runs are on the topic, and something on the page folds them. `refresh`: they are read anew with the page. */
  readonly runs?: 'follow' | 'refresh'
  /** Only this object of the first noun. */
  readonly id?: string
  /** This run with its task runs and lines is followed too, and folded by the page. */
  readonly flowRunId?: string
  /** The object of the first noun that the page is about. Once it is deleted there is nothing to read anew, and that is said. */
  readonly mortal?: Mortal
}

/** Follows objects of these kinds: such changes are rare and small, so the page is read anew when one comes. */
export function RefreshOn({ nouns, cursor, runs, id, flowRunId, mortal }: RefreshOnProps) {
  const router = useRouter()
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const lastMs = useRef(0)
  const [end, setEnd] = useState<ObjectChange>()
  useEffect(() => () => clearTimeout(timer.current), [])
  useChanges((changes) => {
    const ended = end ?? endOf(changes, nouns[0], mortal?.id)
    if (ended) {
      clearTimeout(timer.current)
      setEnd(ended)
      return
    }
    const waitMs = Math.min(
      ...changes.map((change) => waitOf(change, nouns, runs === 'refresh', id, Date.now() - lastMs.current)),
    )
    if (timer.current !== undefined || !Number.isFinite(waitMs)) return
    timer.current = setTimeout(() => {
      timer.current = undefined
      lastMs.current = Date.now()
      router.refresh()
    }, waitMs)
  })
  const topic: LiveTopic = `objects:${[...nouns, ...(runs ? ['runs'] : []), ...(flowRunId ? [`flow-run:${flowRunId}`] : [])].join(',')}`
  return (
    <>
      <LiveTopicOf topic={topic} cursor={cursor} />
      {end && mortal ? <Gone mortal={mortal} by={end.by} /> : null}
    </>
  )
}

function endOf(
  changes: readonly Change[],
  noun: LiveNoun | undefined,
  id: string | undefined,
): ObjectChange | undefined {
  return changes.find(
    (change): change is ObjectChange =>
      change.kind === 'object' && change.happened === 'deleted' && change.noun === noun && change.id === id,
  )
}

function waitOf(
  change: Change,
  nouns: readonly LiveNoun[],
  runs: boolean,
  id: string | undefined,
  sinceMs: number,
): number {
  if (change.kind === 'object') {
    const other = id !== undefined && change.noun === nouns[0] && change.id !== id
    return nouns.includes(change.noun) && !other ? settleMs : Number.POSITIVE_INFINITY
  }
  const ofRun = change.kind === 'flow-run' || change.kind === 'deleted'
  return runs && ofRun ? Math.max(settleMs, runsMs - sinceMs) : Number.POSITIVE_INFINITY
}
