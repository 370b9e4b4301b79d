import type { ComponentProps } from 'react'
import { cx } from './class-names.ts'

/** On or off, at once: a press is the whole act. */
export function Switch({
  checked,
  label,
  className,
  ...rest
}: Omit<ComponentProps<'button'>, 'aria-label'> & { readonly checked: boolean; readonly label: string }) {
  return (
    <button
      type="button"
      role="switch"
      aria-checked={checked}
      aria-label={label}
      className={cx(
        'relative inline-flex h-4 w-7 flex-none rounded-full align-middle transition-colors duration-(--t-fast) before:absolute before:-inset-2 aria-disabled:cursor-not-allowed aria-disabled:opacity-60',
        checked ? 'bg-accent' : 'bg-line-control',
        className,
      )}
      {...rest}
    >
      <span
        aria-hidden
        className={cx(
          'absolute top-0.5 size-3 rounded-full bg-on-accent transition-[left] duration-(--t-fast)',
          checked ? 'left-3.5' : 'left-0.5',
        )}
      />
    </button>
  )
}
