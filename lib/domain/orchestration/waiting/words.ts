import { formatInstant } from '../../time.ts'
import type { HelpfulAction, ReasonLink, SlotHolder } from './waiting.ts'

const lengths = [
  { seconds: 86_400, name: 'day', finerSeconds: 3_600 },
  { seconds: 3_600, name: 'hour', finerSeconds: 60 },
  { seconds: 60, name: 'minute', finerSeconds: 1 },
] as const

/** `4 minutes`, `3 hours`, `2 days`: one unit is enough for a person. */
export function spell(micros: number): string {
  const seconds = Math.max(0, Math.round(micros / 1e6))
  // As it would read in the finer unit: ninety seconds are 90 seconds, not 2 minutes, but 120 minutes are 2 hours.
  const unit = lengths.find((each) => {
    const finer = Math.round(seconds / each.finerSeconds) * each.finerSeconds
    return finer === each.seconds || finer >= 2 * each.seconds
  })
  const count = unit ? Math.round(seconds / unit.seconds) : seconds
  return `${count} ${unit?.name ?? 'second'}${count === 1 ? '' : 's'}`
}

/** `12:03:10 UTC`, with the day when it is another one. */
export function clockTime(micros: number, nowMicros: number): string {
  const [at, now] = [formatInstant(micros), formatInstant(nowMicros)]
  const time = `${at.slice(11, 19)} UTC`
  return at.slice(0, 10) === now.slice(0, 10) ? time : `${at.slice(0, 10)} ${time}`
}

/** `runs “a” (since 12:00:01 UTC) and “b” (since …)`, with how many more there are. */
export function listHolders(holders: readonly SlotHolder[], total: number, nowMicros: number): string {
  const shown = holders.slice(0, 3).map((it) => `“${it.name}” since ${clockTime(it.sinceMicros, nowMicros)}`)
  const others = total - shown.length
  if (shown.length === 0) return others === 1 ? '1 other holder' : `${others} others`
  if (others > 0) shown.push(`${others} more`)
  return shown.length === 1 ? `${shown[0]}` : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`
}

export const holderLinks = (holders: readonly SlotHolder[]): readonly ReasonLink[] =>
  holders.slice(0, 20).map(({ id, name }) => ({ kind: 'flow-run', id, name }))

export const holderFacts = (holders: readonly SlotHolder[]) =>
  holders.slice(0, 20).map(({ id, name, sinceMicros, expectedEndMicros }) => ({
    id,
    name,
    since: formatInstant(sinceMicros),
    expected_end: expectedEndMicros === null ? null : formatInstant(expectedEndMicros),
  }))

/**
 * When the first slot comes back that nobody waits for before; null where that cannot be told, or where one should have come already.
 */
export function firstFree(holders: readonly SlotHolder[], nowMicros: number, ahead = 0): number | null {
  const ends = holders.flatMap(({ expectedEndMicros }) => expectedEndMicros ?? []).sort((a, b) => a - b)
  const [first] = ends
  return first === undefined || first <= nowMicros ? null : (ends[ahead] ?? null)
}

/** ` 2 others wait before it.`, or nothing. */
export const standsBehind = (ahead: number): string =>
  ahead === 0 ? '' : ahead === 1 ? ' 1 other waits before it.' : ` ${ahead} others wait before it.`

/** As one word of a shell, on any of them that people use. */
export const shellWord = (text: string): string =>
  /^[\w./:@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`

export const command = (strings: TemplateStringsArray, ...words: readonly (string | number)[]): string =>
  strings.reduce((line, part, i) => line + part + (i < words.length ? shellWord(String(words[i])) : ''), '')

export const pageOf = (kind: ReasonLink['kind'], idOrName: string): string => {
  const word = encodeURIComponent(idOrName)
  switch (kind) {
    case 'flow-run':
      return `runs/flow-run/${word}`
    case 'work-pool':
    case 'worker':
      return `work-pools/work-pool/${word}`
    case 'work-queue':
      return `work-queues/work-queue/${word}`
    case 'deployment':
      return `deployments/deployment/${word}`
    case 'concurrency-limit':
      return `concurrency-limits/concurrency-limit/${word}`
  }
}

export const act = (label: string, line: string | null, path: string | null): HelpfulAction => ({
  label,
  command: line,
  path,
})
