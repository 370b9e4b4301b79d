import type { ShownState } from '#app/_ui/states.ts'
import type { LimitKind, LimitListRow } from '#lib/control/console/list-limits.ts'

export const kindWords = {
  tag: 'Tag',
  deployment: 'Deployment',
  rate: 'Rate',
  global: 'Global',
} as const satisfies Record<LimitKind, string>

/** `Rate, 5 per s`. */
export const kindOf = ({ kind, slotDecayPerSecond }: LimitListRow): string =>
  kind === 'rate' ? `Rate, ${Number(slotDecayPerSecond.toFixed(3))} per s` : kindWords[kind]

export function limitStanding({ active, slotLimit, activeSlots }: LimitListRow): ShownState {
  if (!active) return { family: 'stop', glyph: 'ban', word: 'Switched off' }
  if (slotLimit === 0) return { family: 'late', glyph: 'blocked', word: 'Closed' }
  if (activeSlots >= slotLimit) return { family: 'late', glyph: 'gauge', word: 'Full' }
  return { family: 'good', glyph: 'circle-check', word: 'Open', quiet: true }
}

/** What the limit does, in a sentence or two. */
export function limitSentence({ kind, label, slotLimit, slotDecayPerSecond, active }: LimitListRow): string {
  if (!active) return 'It is switched off: whoever asks for a slot gets one.'
  const most = slotLimit === 0 ? 'Nothing' : `At most ${slotLimit.toLocaleString('en-US')}`
  switch (kind) {
    case 'tag':
      return `${most} ${slotLimit === 1 ? 'task run' : 'task runs'} tagged ${label} at once. A slot comes back when its task run ends.`
    case 'deployment':
      return `${most} ${slotLimit === 1 ? 'run' : 'runs'} of this deployment at once. A slot comes back when its run ends, or when its lease is not renewed.`
    case 'rate':
      return `${slotLimit.toLocaleString('en-US')} slots, of which ${Number(slotDecayPerSecond.toFixed(3))} come back each second by themselves.`
    case 'global':
      return `${most} ${slotLimit === 1 ? 'slot' : 'slots'} at once, for whoever asks for it by name. A slot is a lease: it ends when it is given back, or when it is not renewed.`
  }
}
