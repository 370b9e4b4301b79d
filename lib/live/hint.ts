import { parseInstant } from '../domain/time.ts'

/**
 * What a replica tells the others of what it committed. `runs`: flow runs and their task runs. `work`: something may be due
 * sooner than was thought. `limits`: slots may be free, or limits changed. `objects`: deployments, pools, variables and the like.
 * `slots`: who holds slots of limits, or waits for them; of it pages tell, and nothing else depends on it.
 * Events and log lines say since when, so that who follows them can read what is missing.
 */
export const hintKinds = ['runs', 'work', 'limits', 'objects', 'slots'] as const
export type HintKind = (typeof hintKinds)[number]

export interface Hint {
  readonly workspaceId: string
  readonly kinds: ReadonlySet<HintKind>
  /** The flow runs that moved, or that log lines came of; null: too many to name. */
  readonly flowRunIds: readonly string[] | null
  /** What came free of which limits; null: nobody says, or too much to say. */
  readonly freed: ReadonlyMap<string, FreedSlots> | null
  /** Earliest `occurred` among the events that were committed, microseconds since 1970; null: none. */
  readonly eventsSinceMicros: number | null
  /** Earliest time among the log lines; null: none. */
  readonly logsSinceMicros: number | null
}

/** How many slots of a limit, or, where that is known, which of those who wait may have them. */
export type FreedSlots = number | readonly string[]

/** Flow runs that a hint names at most; beyond, it says that there are many. */
const MAX_NAMED_RUNS = 100
/** Limits, and those who wait for their slots, likewise. */
const MAX_NAMED_WAITERS = 80

/** A hint in the making: many commits, one line on the wire. */
export class GatheredHint {
  readonly #kinds = new Set<HintKind>()
  #eventsSince = Number.POSITIVE_INFINITY
  #logsSince = Number.POSITIVE_INFINITY
  #flowRunIds: Set<string> | null = new Set()
  #freed: Map<string, FreedSlots> | null = new Map()
  #named = 0

  addKind(kind: HintKind): void {
    this.#kinds.add(kind)
    if (kind === 'limits') this.#freed = null
  }

  /** Slots of a limit came free. */
  addFreed(limitId: string, freed: FreedSlots): void {
    this.#kinds.add('limits')
    const known = this.#freed?.get(limitId) ?? []
    this.#named += typeof freed === 'number' ? 1 : 1 + freed.length
    if (this.#named > MAX_NAMED_WAITERS) this.#freed = null
    this.#freed?.set(
      limitId,
      typeof freed === 'number' || typeof known === 'number'
        ? countOf(known) + countOf(freed)
        : [...known, ...freed],
    )
  }

  /** A flow run moved, or has new lines. */
  addRun(id: string): void {
    this.#flowRunIds?.add(id)
    if ((this.#flowRunIds?.size ?? 0) > MAX_NAMED_RUNS) this.#flowRunIds = null
  }

  /** Many moved, by whatever runs. */
  addAnyRuns(): void {
    this.#flowRunIds = null
  }

  /** `at`: RFC 3339. */
  addEvent(at: string): void {
    this.#eventsSince = Math.min(this.#eventsSince, parseInstant(at) ?? this.#eventsSince)
  }

  addLog(at: string): void {
    this.#logsSince = Math.min(this.#logsSince, parseInstant(at) ?? this.#logsSince)
  }

  /** As it travels: the letters of its kinds, then what it says of runs, events, log lines and slots. */
  toWire(): WireHint {
    const letters = [...this.#kinds].map((kind) => kind.charAt(0)).join('')
    // JSON has no infinity: null stands for none.
    return [
      letters,
      this.#flowRunIds && [...this.#flowRunIds],
      this.#eventsSince,
      this.#logsSince,
      this.#freed && Object.fromEntries(this.#freed),
    ]
  }
}

type WireHint = readonly (string | number | null | readonly string[] | Record<string, FreedSlots>)[]

const kindOfLetter = new Map<string, HintKind>(hintKinds.map((kind) => [kind.charAt(0), kind]))

/** Payloads of NOTIFY end below 8,000 bytes. */
const MAX_PAYLOAD = 7_900

/** One process's word to the others: `[origin, about itself, {workspace: hint}]`. */
export interface Word {
  readonly from: string
  /** hello: who else is there? here: I am. moved: hints. */
  readonly says: 'hello' | 'here' | 'moved'
  readonly hints: readonly Hint[]
}

/** Cuts hints into payloads that fit. */
export function formatHints(from: string, gathered: ReadonlyMap<string, GatheredHint>): string[] {
  const payloads: string[] = []
  const open = `["${from}","moved",{`
  let body = ''
  for (const [workspaceId, hint] of gathered) {
    const member = `"${workspaceId}":${JSON.stringify(hint.toWire())}`
    if (body !== '' && open.length + body.length + member.length + 3 > MAX_PAYLOAD) {
      payloads.push(`${open}${body}}]`)
      body = ''
    }
    body += body === '' ? member : `,${member}`
  }
  if (body !== '') payloads.push(`${open}${body}}]`)
  return payloads
}

export const formatGreeting = (from: string, says: 'hello' | 'here'): string =>
  JSON.stringify([from, says, {}])

const isNumber = (value: unknown): value is number => typeof value === 'number'
const isText = (value: unknown): value is string => typeof value === 'string'

/** null for text of other programs, or of a version that says it otherwise. */
export function parseWord(text: string): Word | null {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    return null
  }
  if (!Array.isArray(parsed)) return null
  const [from, says, hints] = parsed as unknown[]
  if (!isText(from) || (says !== 'hello' && says !== 'here' && says !== 'moved')) return null
  if (typeof hints !== 'object' || hints === null) return null
  return { from, says, hints: Object.entries(hints).map(([id, wire]) => readHint(id, wire)) }
}

function readHint(workspaceId: string, wire: unknown): Hint {
  const [letters, flowRunIds, eventsSince, logsSince, freed] = Array.isArray(wire) ? (wire as unknown[]) : []
  const kinds = [...(isText(letters) ? letters : '')].flatMap((letter) => kindOfLetter.get(letter) ?? [])
  return {
    workspaceId,
    kinds: new Set(kinds),
    flowRunIds: Array.isArray(flowRunIds) ? flowRunIds.filter(isText) : null,
    // A version that counts none says nothing here.
    freed: typeof freed === 'object' && freed !== null ? readFreed(freed) : null,
    eventsSinceMicros: isNumber(eventsSince) ? eventsSince : null,
    logsSinceMicros: isNumber(logsSince) ? logsSince : null,
  }
}

const countOf = (freed: FreedSlots): number => (typeof freed === 'number' ? freed : freed.length)

const readFreed = (wire: object): ReadonlyMap<string, FreedSlots> =>
  new Map(
    Object.entries(wire).map(([limitId, freed]: [string, unknown]) => [
      limitId,
      Array.isArray(freed) ? freed.filter(isText) : isNumber(freed) ? freed : 1,
    ]),
  )
