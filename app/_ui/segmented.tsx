'use client'
import { type ReactNode, useId } from 'react'

interface Option<T extends string> {
  readonly value: T
  readonly label: ReactNode
}

interface SegmentedProps<T extends string> {
  readonly label: string
  readonly value: T
  readonly options: readonly Option<T>[]
  readonly onChange: (value: T) => void
  readonly className?: string
}

/** One of a few, all visible. Real radio buttons, so that the arrow keys are the browser's own. */
export function SegmentedControl<T extends string>({
  label,
  value,
  options,
  onChange,
  className,
}: SegmentedProps<T>) {
  const name = useId()
  return (
    <fieldset className={`inline-flex rounded-[7px] bg-active p-0.5 ${className ?? ''}`}>
      <legend className="sr-only">{label}</legend>
      {options.map((option) => (
        <label
          key={option.value}
          className="relative inline-flex h-6 cursor-pointer items-center gap-1.5 whitespace-nowrap rounded-[5px] px-2.5 text-ink-2 text-xs hover:text-ink has-checked:bg-surface has-checked:font-medium has-checked:text-ink has-checked:ring has-checked:ring-line-strong has-focus-visible:outline-2 has-focus-visible:outline-focus has-focus-visible:outline-offset-2 max-sm:h-9"
        >
          <input
            type="radio"
            name={name}
            value={option.value}
            checked={option.value === value}
            onChange={() => onChange(option.value)}
            className="absolute inset-0 size-full cursor-pointer appearance-none outline-none"
          />
          {option.label}
        </label>
      ))}
    </fieldset>
  )
}
