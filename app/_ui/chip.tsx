import { cx } from './class-names.ts'

export type ChipKind = 'plain' | 'set' | 'possible'

const kinds = {
  plain: 'border-line-strong bg-surface text-ink-2 hover:bg-hover',
  set: 'border-accent-edge bg-accent-tint text-ink',
  possible: 'border-line-strong border-dashed bg-surface text-ink-3 hover:bg-hover',
} as const satisfies Record<ChipKind, string>

/** Filters stand as chips in one line: set ones filled, possible ones dashed with a plus. */
export const chipClass = (
  kind: ChipKind = 'plain',
  /** Bare: its parts fill it to its edges. */
  padding: 'padded' | 'bare' = 'padded',
): string =>
  cx(
    'inline-flex h-7 flex-none select-none items-center whitespace-nowrap rounded-md border text-xs transition-colors duration-(--t-fast) max-sm:h-9',
    padding === 'padded' ? 'gap-1.5 px-[9px]' : 'gap-1',
    kinds[kind],
  )
