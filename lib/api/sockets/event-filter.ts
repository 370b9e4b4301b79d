import { z } from 'zod'
import { parseInstant } from '../../domain/time.ts'
import type { EventRow } from '../../engine/write-set.ts'
import { instant, uuid } from '../schemas.ts'

const texts = z.array(z.string().max(2_000)).max(1_000)
const labelValues = z.record(z.string(), z.union([z.string(), z.array(z.string())]))
const resourceFilter = z.looseObject({
  id: texts.nullish(),
  id_prefix: texts.nullish(),
  labels: labelValues.nullish(),
})
const relatedFilter = z.looseObject({
  id: texts.nullish(),
  role: texts.nullish(),
  resources_in_roles: z.array(z.tuple([z.string(), z.string()])).nullish(),
  labels: labelValues.nullish(),
})
const oneOrMany = <Schema extends z.ZodType>(schema: Schema) =>
  z.union([schema.transform((one) => [one]), z.array(schema)])

/** The event filter (wire-contract §5.1), as sockets take it. */
export const eventFilter = z.looseObject({
  occurred: z.looseObject({ since: instant.nullish(), until: instant.nullish() }).nullish(),
  event: z
    .looseObject({
      prefix: texts.nullish(),
      exclude_prefix: texts.nullish(),
      name: texts.nullish(),
      exclude_name: texts.nullish(),
    })
    .nullish(),
  resource: resourceFilter.nullish(),
  related: oneOrMany(relatedFilter).nullish(),
  any_resource: oneOrMany(resourceFilter).nullish(),
  id: z.looseObject({ id: z.array(uuid).max(1_000).nullish() }).nullish(),
})
export type EventFilter = z.output<typeof eventFilter>

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

export function matchesEvent({ row, resource, related }: ParsedEvent, filter: EventFilter): boolean {
  const { occurred, event, id } = filter
  const at = parseInstant(row.occurred_at) ?? 0
  if (occurred?.since != null && at < occurred.since) return false
  if (occurred?.until != null && at > occurred.until) return false
  if (id?.id && !id.id.includes(row.id)) return false
  if (event?.name?.length && !event.name.includes(row.event)) return false
  if (event?.prefix?.length && !event.prefix.some((prefix) => row.event.startsWith(prefix))) return false
  if (event?.exclude_name?.includes(row.event)) return false
  if (event?.exclude_prefix?.some((prefix) => row.event.startsWith(prefix))) return false
  if (filter.resource && !matchesResource(resource, filter.resource)) return false
  for (const wanted of filter.any_resource ?? []) {
    if (!matchesResource(resource, wanted) && !related.some((item) => matchesResource(item, wanted)))
      return false
  }
  for (const wanted of filter.related ?? []) {
    if (!related.some((item) => matchesRelated(item, wanted))) return false
  }
  return true
}

function matchesResource(labels: Labels, filter: z.output<typeof resourceFilter>): boolean {
  const id = labels[ID] ?? ''
  if (filter.id?.length && !filter.id.includes(id)) return false
  if (filter.id_prefix?.length && !filter.id_prefix.some((prefix) => id.startsWith(prefix))) return false
  return matchesLabels(labels, filter.labels)
}

function matchesRelated(labels: Labels, filter: z.output<typeof relatedFilter>): boolean {
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

const matchesLabels = (
  labels: Labels,
  wanted: Readonly<Record<string, string | string[]>> | null | undefined,
): boolean =>
  Object.entries(wanted ?? {}).every(([key, patterns]) => {
    const value = labels[key]
    if (value === undefined) return false
    const list = typeof patterns === 'string' ? [patterns] : patterns
    const positive = list.filter((pattern) => !pattern.startsWith('!'))
    const negative = list.filter((pattern) => pattern.startsWith('!'))
    return (
      negative.every((pattern) => !matchesGlob(value, pattern.slice(1))) &&
      (positive.length === 0 || positive.some((pattern) => matchesGlob(value, pattern)))
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
