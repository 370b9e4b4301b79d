import { eventMatcher, type Relevance, type SeenEvent, windowKey } from './match-event.ts'
import { type CompositeTrigger, type EventTrigger, type Trigger, triggersIn } from './trigger.ts'
import { closesAt, closeWindow, countEvent, type EventPlace, freshWindow, type Window } from './window.ts'

/** An automation as it is evaluated: its trigger was read once, to look at many events. */
export interface Watched {
  readonly id: string
  /** Events that were received before do not count. Microseconds since 1970. */
  readonly sinceMicros: number
  readonly trigger: Trigger
  readonly leaves: readonly {
    readonly trigger: EventTrigger
    readonly matches: (event: SeenEvent) => Relevance | null
  }[]
  readonly parents: ReadonlyMap<string, CompositeTrigger>
}

export function watch(id: string, sinceMicros: number, trigger: Trigger): Watched {
  const leaves: { trigger: EventTrigger; matches: (event: SeenEvent) => Relevance | null }[] = []
  const parents = new Map<string, CompositeTrigger>()
  for (const each of triggersIn(trigger)) {
    if (each.type === 'event') leaves.push({ trigger: each, matches: eventMatcher(each) })
    else for (const part of each.triggers) parents.set(part.id, each)
  }
  return { id, sinceMicros, trigger, leaves, parents }
}

/** One trigger's having fired: of an automation, or of a part of its trigger. */
export interface Firing {
  readonly triggerId: string
  readonly atMicros: number
  /** The values of `for_each` that it was about. */
  readonly labels: Readonly<Record<string, string>>
  readonly event: EventPlace | null
}

export interface AutomationFiring extends Firing {
  readonly automationId: string
  /** Of the parts, the earliest first; of a trigger without parts its own. */
  readonly firings: readonly Firing[]
}

export interface WindowId {
  readonly automationId: string
  readonly triggerId: string
  readonly key: readonly string[]
}

export interface PartId {
  readonly automationId: string
  readonly parentId: string
  readonly partId: string
}

interface PartFiring {
  readonly firing: Firing
  readonly firings: readonly Firing[]
}

export interface FiredPart extends PartId, PartFiring {}

/** What an event may move: the windows that have to be known before it is counted. */
export interface Concern {
  readonly watched: Watched
  readonly trigger: EventTrigger
  readonly relevance: Relevance
  readonly key: readonly string[]
}

/** `receivedMicros`: when the server got it. Automations do not react to what is told of their own firing. */
export function concernsOf(all: readonly Watched[], event: SeenEvent, receivedMicros: number): Concern[] {
  const teller = /^prefect\.automation\.(?:triggered|resolved|action\.)/.test(event.event)
    ? event.resource['prefect.resource.id']
    : undefined
  const concerns: Concern[] = []
  for (const watched of all) {
    if (receivedMicros < watched.sinceMicros || teller === `prefect.automation.${watched.id}`) continue
    for (const { trigger, matches } of watched.leaves) {
      const relevance = matches(event)
      if (relevance) concerns.push({ watched, trigger, relevance, key: windowKey(trigger, event) })
    }
  }
  return concerns
}

const idOf = (...parts: readonly string[]): string => parts.join(' ')
const windowId = ({ automationId, triggerId, key }: WindowId): string =>
  idOf(automationId, triggerId, JSON.stringify(key))
const partId = ({ automationId, parentId, partId: part }: PartId): string =>
  idOf(automationId, parentId, part)

/**
 * Counts events and fires. Knows nothing but what it is given: the windows of the events' keys and the parts that have fired. What it
 * changed of them, and what fired, is there to be written.
 */
export class Evaluation {
  readonly #windows = new Map<
    string,
    WindowId & { readonly window: Window | null; readonly changedBy: EventTrigger | null }
  >()
  readonly #parts = new Map<string, PartId & { fired: PartFiring | null; isChanged: boolean }>()
  readonly fired: AutomationFiring[] = []

  constructor(windows: Iterable<WindowId & { readonly window: Window }>, parts: Iterable<FiredPart>) {
    for (const each of windows) this.#windows.set(windowId(each), { ...each, changedBy: null })
    for (const { firing, firings, ...id } of parts)
      this.#parts.set(partId(id), { ...id, fired: { firing, firings }, isChanged: false })
  }

  /** A window was made, moved or (null) ended. `closeMicros`: when the clock should look at it. */
  changedWindows(): readonly (WindowId & { readonly window: Window | null; readonly closeMicros: number })[] {
    return [...this.#windows.values()].flatMap(({ changedBy, window, ...id }) =>
      changedBy ? [{ ...id, window, closeMicros: window ? closesAt(changedBy, window) : 0 }] : [],
    )
  }

  /** A part fired, or (null) what it once fired is spent or too old. */
  changedParts(): readonly (PartId & { readonly fired: PartFiring | null })[] {
    return [...this.#parts.values()].filter((each) => each.isChanged)
  }

  count(event: SeenEvent, place: EventPlace, concerns: readonly Concern[]): void {
    for (const { watched, trigger, relevance, key } of concerns) {
      const id = { automationId: watched.id, triggerId: trigger.id, key }
      const found = this.#windows.get(windowId(id))?.window ?? null
      const { window, fires } = countEvent(trigger, found, relevance, event.atMicros, place)
      if (window !== found) this.#put(id, trigger, window)
      if (fires) this.#fire(watched, trigger, key, event.atMicros, fires.on)
    }
  }

  /** Ends the windows whose time is up. */
  close(watched: Watched, nowMicros: number): void {
    for (const each of [...this.#windows.values()]) {
      const leaf = watched.leaves.find(({ trigger }) => trigger.id === each.triggerId)
      if (!leaf || each.automationId !== watched.id || each.window === null) continue
      if (closesAt(leaf.trigger, each.window) > nowMicros) continue
      const { window, fires } = closeWindow(leaf.trigger, each.window, nowMicros)
      const endedMicros = each.window.endMicros
      this.#put(each, leaf.trigger, window)
      if (fires) this.#fire(watched, leaf.trigger, each.key, endedMicros, fires.on)
    }
  }

  /** Opens the windows of triggers that miss events from the start. */
  begin(watched: Watched, nowMicros: number): void {
    for (const { trigger } of watched.leaves) {
      if (trigger.posture === 'Proactive' && trigger.after.length === 0 && trigger.for_each.length === 0)
        this.#put(
          { automationId: watched.id, triggerId: trigger.id, key: [] },
          trigger,
          freshWindow(trigger, nowMicros, null),
        )
    }
  }

  #put({ automationId, triggerId, key }: WindowId, changedBy: EventTrigger, window: Window | null): void {
    const id = { automationId, triggerId, key }
    this.#windows.set(windowId(id), { ...id, window, changedBy })
  }

  #fire(
    watched: Watched,
    trigger: EventTrigger,
    key: readonly string[],
    atMicros: number,
    event: EventPlace | null,
  ): void {
    const labels = Object.fromEntries(trigger.for_each.map((label, i) => [label, key[i] ?? '']))
    const firing = { triggerId: trigger.id, atMicros, labels, event }
    this.#rise(watched, trigger, { firing, firings: [firing] })
  }

  /** From part to whole, as far as there is enough. */
  #rise(watched: Watched, trigger: Trigger, fired: PartFiring): void {
    const parent = watched.parents.get(trigger.id)
    if (!parent) {
      this.fired.push({ automationId: watched.id, ...fired.firing, firings: fired.firings })
      return
    }
    this.#putPart(watched, parent, trigger, fired)
    const newest = Math.max(...this.#partsOf(watched, parent).map((each) => each.firing.atMicros))
    if (parent.within !== null) {
      const oldest = newest - parent.within * 1e6
      for (const part of parent.triggers) {
        const its = this.#part(watched, parent, part)
        if (its && its.firing.atMicros < oldest) this.#putPart(watched, parent, part, null)
      }
    }
    if (
      !isReady(
        parent,
        parent.triggers.map((part) => this.#part(watched, parent, part)),
      )
    )
      return
    const parts = this.#partsOf(watched, parent)
    for (const part of parent.triggers) {
      if (this.#part(watched, parent, part)) this.#putPart(watched, parent, part, null)
    }
    const firings = parts.flatMap((part) => part.firings).sort((a, b) => a.atMicros - b.atMicros)
    const last = firings.at(-1)
    this.#rise(watched, parent, {
      firing: {
        triggerId: parent.id,
        atMicros: newest,
        labels: Object.assign({}, ...firings.map((each) => each.labels)) as Record<string, string>,
        event: last?.event ?? null,
      },
      firings,
    })
  }

  #part(watched: Watched, parent: CompositeTrigger, { id }: Trigger): PartFiring | null {
    return (
      this.#parts.get(partId({ automationId: watched.id, parentId: parent.id, partId: id }))?.fired ?? null
    )
  }

  #partsOf(watched: Watched, parent: CompositeTrigger): PartFiring[] {
    return parent.triggers.flatMap((part) => this.#part(watched, parent, part) ?? [])
  }

  #putPart(watched: Watched, parent: CompositeTrigger, part: Trigger, fired: PartFiring | null): void {
    const id = { automationId: watched.id, parentId: parent.id, partId: part.id }
    this.#parts.set(partId(id), { ...id, fired, isChanged: true })
  }
}

/** Whether the parts that fired (null: those that did not), in the order of the trigger, are enough. */
function isReady(trigger: CompositeTrigger, parts: readonly (PartFiring | null)[]): boolean {
  const fired = parts.filter((part) => part !== null)
  if (trigger.type === 'compound') {
    const { require } = trigger
    return fired.length >= (require === 'any' ? 1 : require === 'all' ? parts.length : require)
  }
  return (
    fired.length === parts.length &&
    fired.every((part, i) => i === 0 || part.firing.atMicros >= (fired[i - 1]?.firing.atMicros ?? 0))
  )
}
