import { cx } from './class-names.ts'
import { formatCount } from './times.ts'

interface MeterProps {
  readonly value: number
  readonly of: number
  readonly label: string
  /** The value stands in words elsewhere. */
  readonly bare?: boolean
}

/** 6 px, with the value in words beside it. Up to 20 slots are single cells: taken filled, free outlined. */
export function Meter({ value, of, label, bare }: MeterProps) {
  const cells = of <= 20
  // A full one is what others wait for.
  const taken = value >= of ? 'bg-state-late' : 'bg-accent'
  return (
    <div className="flex items-center gap-3">
      {/* biome-ignore lint/a11y/useSemanticElements: the real meter element cannot be drawn as cells */}
      <div
        role="meter"
        aria-label={label}
        aria-valuenow={value}
        aria-valuemin={0}
        aria-valuemax={of}
        className={cx('flex h-1.5 flex-1 gap-px overflow-hidden', !cells && 'rounded-[3px] bg-active')}
      >
        {cells ? (
          Array.from({ length: of }, (_, i) => (
            <span
              // biome-ignore lint/suspicious/noArrayIndexKey: a cell is its position
              key={i}
              className={cx('h-full flex-1 rounded-[2px]', i < value ? taken : 'border border-line-control')}
            />
          ))
        ) : (
          <span
            className={`h-full ${taken}`}
            style={{ width: `${of === 0 ? 0 : Math.min(100, (value / of) * 100)}%` }}
          />
        )}
      </div>
      {bare ? null : (
        <span className="text-ink-2">
          {formatCount(value)} / {formatCount(of)}
        </span>
      )}
    </div>
  )
}
