'use client'
import { useEffect, useState } from 'react'
import { apiOf } from '#app/_ui/api-path.ts'
import { sendJson } from '#app/_ui/send-json.ts'
import { Ago } from '#app/_ui/time.tsx'

/** What events call an object; those of a name and not of an id are found by it. */
export interface Told {
  readonly noun: string
  readonly byName?: true
}

interface Heard {
  readonly occurred: string
  readonly event: string
  readonly resource: Readonly<Record<string, string>>
}

interface WhereaboutsProps {
  readonly base: string
  readonly told: Told
  /** Or its name. */
  readonly id: string
  /** `work pool` */
  readonly what: string
}

/** Where an object has gone that is not here: what the workspace's own events tell last of it. */
export function Whereabouts({ base, told: { noun, byName }, id, what }: WhereaboutsProps) {
  const [heard, setHeard] = useState<Heard | 'nothing' | null>(null)
  useEffect(() => {
    let current = true
    const resource = byName
      ? { id_prefix: [`prefect.${noun}.`], labels: { 'prefect.resource.name': id } }
      : { id: [`prefect.${noun}.${id.toLowerCase()}`] }
    void sendJson<{ readonly events: readonly Heard[] }>('POST', `${apiOf(base)}/events/filter`, {
      filter: { resource, order: 'DESC' },
      limit: 1,
    }).then((sent) => {
      // Whoever may not see events is told no more than before.
      if (current && sent.ok) setHeard(sent.body.events[0] ?? 'nothing')
    })
    return () => {
      current = false
    }
  }, [base, noun, byName, id])
  return (
    // Two lines from the start: what is known of it comes later, and moves nothing.
    <p aria-live="polite" className="min-h-10 text-ink-2">
      {heard === null ? (
        'It was deleted, or it was never here.'
      ) : heard === 'nothing' ? (
        'This workspace has no record of it: it was never here, or it was deleted long ago.'
      ) : heard.event.endsWith('.deleted') ? (
        <>
          The {what} <b className="font-medium text-ink">{nameOf(heard, id)}</b> was deleted{' '}
          <Ago at={heard.occurred} />. This cannot be undone.
        </>
      ) : (
        <>
          The {what} <b className="font-medium text-ink">{nameOf(heard, id)}</b> was here, and was last heard
          of <Ago at={heard.occurred} />. It was deleted since.
        </>
      )}
    </p>
  )
}

const nameOf = ({ resource }: Heard, id: string): string => resource['prefect.resource.name'] || id
