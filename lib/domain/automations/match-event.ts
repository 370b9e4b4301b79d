import { ownMember } from '../own-member.ts'
import type { EventTrigger, LabelPatterns } from './trigger.ts'

type Labels = Readonly<Record<string, string>>

/** What of an event a trigger looks at. */
export interface SeenEvent {
  readonly id: string
  readonly event: string
  /** When it happened, microseconds since 1970; never later than it was received, since a clock that runs ahead would bar the way of all others. */
  readonly atMicros: number
  readonly resource: Labels
  readonly related: readonly Labels[]
}

/** How an event concerns a trigger: it counts, it opens a window, or both. */
export interface Relevance {
  readonly isExpected: boolean
  readonly opens: boolean
}

/** A reader of names with `*` for any characters. */
export function namePattern(pattern: string): (name: string) => boolean {
  if (pattern === '*') return () => true
  const star = pattern.indexOf('*')
  if (star < 0) return (name) => name === pattern
  if (star === pattern.length - 1) {
    const start = pattern.slice(0, -1)
    return (name) => name.startsWith(start)
  }
  // Not a regular expression: many stars in one could take for ever.
  const [first = '', ...rest] = pattern.split('*')
  const last = rest.pop() ?? ''
  return (name) => {
    if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length)
      return false
    let at = first.length
    const end = name.length - last.length
    for (const part of rest) {
      const found = name.indexOf(part, at)
      if (found < 0 || found + part.length > end) return false
      at = found + part.length
    }
    return true
  }
}

/** Looks at every event that is stored: names without a star cost one look together. */
export function anyName(patterns: readonly string[]): (name: string) => boolean {
  const plain = new Set(patterns.filter((pattern) => !pattern.includes('*')))
  const globs = patterns.filter((pattern) => pattern.includes('*')).map(namePattern)
  return (name) => plain.has(name) || globs.some((matches) => matches(name))
}

/** A label that is absent matches nothing, a negation included. */
export function labelPatterns(patterns: LabelPatterns): (labels: Labels) => boolean {
  const all = Object.entries(patterns).map(([label, wanted]) => {
    const any = (typeof wanted === 'string' ? [wanted] : wanted).map((pattern) => {
      const plain = namePattern(pattern.startsWith('!') ? pattern.slice(1) : pattern)
      return pattern.startsWith('!') ? (value: string) => !plain(value) : plain
    })
    return [label, (value: string) => any.some((matches) => matches(value))] as const
  })
  return (labels) =>
    all.every(([label, matches]) => {
      const value = ownMember(labels, label)
      return value !== undefined && matches(value)
    })
}

/** Reads the trigger once, to look at many events. Answers null for those that do not concern it. */
export function eventMatcher(trigger: EventTrigger): (event: SeenEvent) => Relevance | null {
  const expected = trigger.expect.length === 0 ? () => true : anyName(trigger.expect)
  const opening = anyName(trigger.after)
  const isOurs = labelPatterns(trigger.match)
  const wanted = Array.isArray(trigger.match_related) ? trigger.match_related : [trigger.match_related]
  const relatives = (wanted as readonly LabelPatterns[])
    .filter((patterns) => Object.keys(patterns).length > 0)
    .map(labelPatterns)
  return (event) => {
    const relevance = { isExpected: expected(event.event), opens: opening(event.event) }
    if (!relevance.isExpected && !relevance.opens) return null
    return isOurs(event.resource) && relatives.every((matches) => event.related.some(matches))
      ? relevance
      : null
  }
}

/** The values that choose the event's window. A label that is not there is empty. */
export const windowKey = (trigger: EventTrigger, event: SeenEvent): readonly string[] =>
  trigger.for_each.map((label) => {
    const [, role, its] = /^related:([^:]+):(.+)$/s.exec(label) ?? []
    if (role === undefined || its === undefined) return labelOf(event.resource, label)
    const relative = event.related.find((each) => each['prefect.resource.role'] === role)
    return relative ? labelOf(relative, its) : ''
  })

const labelOf = (labels: Labels, label: string): string => ownMember(labels, label) ?? ''
