/**
 * What an automation waits for, kept in the words of the wire (wire-contract §6.3) as filters are: it is stored, shown and evaluated
 * in one shape. Lengths of time are seconds.
 */
export const postures = ['Reactive', 'Proactive'] as const
export type Posture = (typeof postures)[number]

/** Label → what its value must be like: `*` stands for any characters, a leading `!` for "anything but"; of several one must hold. */
export type LabelPatterns = Readonly<Record<string, string | readonly string[]>>

/** Reactive: fires when `threshold` expected events came within the window. Proactive: when they did not. */
export interface EventTrigger {
  readonly type: 'event'
  readonly id: string
  readonly match: LabelPatterns
  /** Some related resource must be like this; of a list, one for each item. */
  readonly match_related: LabelPatterns | readonly LabelPatterns[]
  /** Names of events that open the window. None: the first expected event does. */
  readonly after: readonly string[]
  /** Names of events that count. None: every event does. */
  readonly expect: readonly string[]
  /** Labels whose values each have a window of their own; `related:{role}:{label}` takes it of a related resource. */
  readonly for_each: readonly string[]
  readonly posture: Posture
  readonly threshold: number
  readonly within: number
}

interface Composite {
  readonly id: string
  readonly triggers: readonly Trigger[]
  /** null: however long it takes. */
  readonly within: number | null
}

/** Fires when enough of its parts have fired. */
export interface CompoundTrigger extends Composite {
  readonly type: 'compound'
  readonly require: 'any' | 'all' | number
}

/** Fires when all of its parts have fired, in their order. */
export interface SequenceTrigger extends Composite {
  readonly type: 'sequence'
}

export type CompositeTrigger = CompoundTrigger | SequenceTrigger
export type Trigger = EventTrigger | CompositeTrigger

export const MAX_TRIGGERS = 50

export function* triggersIn(trigger: Trigger): Generator<Trigger> {
  yield trigger
  if (trigger.type !== 'event') for (const part of trigger.triggers) yield* triggersIn(part)
}

export function* eventTriggersIn(trigger: Trigger): Generator<EventTrigger> {
  for (const each of triggersIn(trigger)) if (each.type === 'event') yield each
}

/** Names of events that the trigger needs to see at all; `*`: every one. */
export function wantedNames(trigger: Trigger): readonly string[] {
  const names = new Set<string>()
  for (const { expect, after } of eventTriggersIn(trigger)) {
    if (expect.length === 0) return ['*']
    for (const name of [...expect, ...after]) names.add(name)
  }
  return [...names]
}

/** The same trigger, every part with an id of its own: those that were given are kept where they are unique. */
export function withIds(trigger: UnnamedTrigger, makeId: () => string): Trigger {
  const taken = new Set<string>()
  const name = (each: UnnamedTrigger): Trigger => {
    const id = each.id !== undefined && !taken.has(each.id) ? each.id : makeId()
    taken.add(id)
    return each.type === 'event' ? { ...each, id } : { ...each, id, triggers: each.triggers.map(name) }
  }
  return name(trigger)
}

type Unnamed<Part> = Omit<Part, 'id' | 'triggers'> & { readonly id?: string | undefined }
export type UnnamedTrigger =
  | Unnamed<EventTrigger>
  | (Unnamed<CompoundTrigger> & { readonly triggers: readonly UnnamedTrigger[] })
  | (Unnamed<SequenceTrigger> & { readonly triggers: readonly UnnamedTrigger[] })
