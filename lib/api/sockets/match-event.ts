import type { z } from 'zod'
import { textMatches } from '../../control/filters/text-search.ts'
import { ownMember } from '../../domain/own-member.ts'
import { parseInstant } from '../../domain/time.ts'
import type { EventRow } from '../../engine/write-set.ts'
import { type anyResource, asList, type eventFilter, type related } from '../filters/event-filter.ts'

export type GivenFilter = z.output<typeof eventFilter>

type Labels = Readonly<Record<string, string>>

/** An event as matching sees it; its body is parsed once, whoever asks. */
export interface ParsedEvent {
  readonly row: EventRow
  readonly resource: Labels
  readonly related: readonly Labels[]
}

export function parseEvent(row: EventRow): ParsedEvent {
  const body = JSON.parse(row.body) as { resource?: Labels; related?: readonly Labels[] }
  return { row, resource: body.resource ?? {}, related: body.related ?? [] }
}

const ID = 'prefect.resource.id'
const ROLE = 'prefect.resource.role'

export function matchesEvent({ row, resource, related: others }: ParsedEvent, filter: GivenFilter): boolean {
  const { occurred, event, id } = filter
  const at = parseInstant(row.occurred_at) ?? 0
  if (occurred?.since != null && at < occurred.since) return false
  if (occurred?.until != null && at > occurred.until) return false
  if (id?.id?.length && !id.id.includes(row.id)) return false
  if (event?.name?.length && !event.name.includes(row.event)) return false
  if (event?.prefix?.length && !event.prefix.some((prefix) => row.event.startsWith(prefix))) return false
  if (event?.exclude_name?.includes(row.event)) return false
  if (event?.exclude_prefix?.some((prefix) => row.event.startsWith(prefix))) return false
  if (filter.resource && !matchesResource(resource, filter.resource)) return false
  for (const wanted of asList(filter.any_resource)) {
    if (!matchesResource(resource, wanted) && !others.some((item) => matchesResource(item, wanted)))
      return false
  }
  for (const wanted of asList(filter.related)) {
    // What even a resource without labels meets asks for nothing, and is met by an event without related ones.
    if (!matchesRelated({}, wanted) && !others.some((item) => matchesRelated(item, wanted))) return false
  }
  return filter.text?.query ? textMatches(`${row.event} ${row.body}`, filter.text.query) : true
}

function matchesResource(labels: Labels, filter: Partial<z.output<typeof anyResource>>): boolean {
  const id = labels[ID] ?? ''
  if (filter.id?.length && !filter.id.includes(id)) return false
  if (filter.id_prefix?.length && !filter.id_prefix.some((prefix) => id.startsWith(prefix))) return false
  return matchesLabels(labels, filter.labels)
}

function matchesRelated(labels: Labels, filter: z.output<typeof related>): boolean {
  const id = labels[ID] ?? ''
  const role = labels[ROLE] ?? ''
  if (filter.id?.length && !filter.id.includes(id)) return false
  if (filter.role?.length && !filter.role.includes(role)) return false
  if (
    filter.resources_in_roles?.length &&
    !filter.resources_in_roles.some(([i, r]) => i === id && r === role)
  )
    return false
  return matchesLabels(labels, filter.labels)
}

/** Of several patterns one must match; a leading ! turns a pattern around. A label that is absent matches none, a turned one included. */
const matchesLabels = (
  labels: Labels,
  wanted: Readonly<Record<string, string | string[]>> | null | undefined,
): boolean =>
  Object.entries(wanted ?? {}).every(([key, patterns]) => {
    const value = ownMember(labels, key)
    if (value === undefined) return false
    const list = typeof patterns === 'string' ? [patterns] : patterns
    return list.some((pattern) =>
      pattern.startsWith('!') ? !matchesGlob(value, pattern.slice(1)) : matchesGlob(value, pattern),
    )
  })

/** `*` any text, `?` one character. Linear in the text: one remembered star suffices. */
export function matchesGlob(value: string, pattern: string): boolean {
  let v = 0
  let p = 0
  let star = -1
  let mark = 0
  while (v < value.length) {
    if (p < pattern.length && (pattern[p] === '?' || pattern[p] === value[v]) && pattern[p] !== '*') {
      v++
      p++
    } else if (pattern[p] === '*') {
      star = p++
      mark = v
    } else if (star >= 0) {
      p = star + 1
      v = ++mark
    } else return false
  }
  while (pattern[p] === '*') p++
  return p === pattern.length
}
