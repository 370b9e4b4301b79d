import { cx } from './class-names.ts'

export type ChipKind = 'plain' | 'set' | 'possible'

const kinds = {
  plain: 'border-line-strong bg-surface text-ink-2 hover:bg-hover',
  set: 'border-accent-edge bg-accent-tint text-ink',
  possible: 'border-line-strong border-dashed bg-surface text-ink-3 hover:bg-hover',
} as const satisfies Record<ChipKind, string>

/** Filters stand as chips in one line: set ones filled, possible ones dashed with a plus. */
export const chipClass = (kind: ChipKind = 'plain'): string =>
  cx(
    'inline-flex h-7 flex-none select-none items-center gap-1.5 whitespace-nowrap rounded-md border px-[9px] text-xs transition-colors duration-(--t-fast) max-sm:h-9',
    kinds[kind],
  )
