import type { ComponentProps, MouseEvent, ReactNode } from 'react'
import { cx } from './class-names.ts'

export type ButtonKind = 'plain' | 'primary' | 'danger' | 'danger-line' | 'ghost'
export type ButtonSize = 'sm' | 'md' | 'lg'

export interface Look {
  readonly kind?: ButtonKind
  readonly size?: ButtonSize
}

const kinds = {
  plain: 'border-line-strong bg-surface text-ink hover:bg-hover',
  primary: 'border-solid bg-solid text-on-solid hover:bg-solid-hover',
  danger: 'border-danger bg-danger text-on-danger hover:bg-danger-hover',
  'danger-line': 'border-line-strong bg-surface text-state-fail-fg hover:bg-hover',
  ghost: 'border-transparent text-ink-2 hover:bg-hover hover:text-ink',
} as const satisfies Record<ButtonKind, string>

const sizes = {
  sm: 'h-7 px-[9px] text-xs max-sm:h-9',
  md: 'h-8 px-3 max-sm:h-9',
  lg: 'h-10 px-4 text-base',
} as const satisfies Record<ButtonSize, string>

const squares = {
  sm: 'size-7 max-sm:size-9',
  md: 'size-8 max-sm:size-9',
  lg: 'size-10',
} as const satisfies Record<ButtonSize, string>

const shape =
  'inline-flex flex-none select-none items-center justify-center gap-1.5 whitespace-nowrap rounded-md border font-medium transition-colors duration-(--t-fast)'
const off =
  'disabled:border-line disabled:bg-sunken disabled:text-ink-4 aria-disabled:border-line aria-disabled:bg-sunken aria-disabled:text-ink-4 aria-disabled:pointer-events-none'

export const buttonClass = ({ kind = 'plain', size = 'md' }: Look = {}): string =>
  cx(shape, kinds[kind], sizes[size], off)
export const iconButtonClass = ({ kind = 'plain', size = 'md' }: Look = {}): string =>
  cx(shape, kinds[kind], squares[size], off)

type ButtonProps = Look & ComponentProps<'button'> & { readonly busy?: string | false }

/** `busy` is the verb in progress (`Saving…`): the button keeps its width, says it and takes no second press. */
export function Button({ kind, size, busy, className, children, ...rest }: ButtonProps) {
  // Disabled for the browser it would lose the focus, and the reader their place.
  const withheld = busy
    ? {
        'aria-busy': true,
        'aria-disabled': true,
        onClick: (event: MouseEvent<HTMLButtonElement>) => event.preventDefault(),
      }
    : {}
  return (
    <button
      type="button"
      className={cx(buttonClass({ kind, size }), 'relative', className)}
      {...rest}
      {...withheld}
    >
      <span className={cx('inline-flex items-center gap-1.5', busy && 'invisible')}>{children}</span>
      {busy ? <span className="absolute inset-0 grid place-items-center">{busy}</span> : null}
    </button>
  )
}

type IconButtonProps = Look &
  Omit<ComponentProps<'button'>, 'aria-label'> & { readonly label: string; readonly children: ReactNode }

/** A lone icon always has a name. */
export function IconButton({ kind = 'ghost', size = 'sm', label, className, ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      className={cx(iconButtonClass({ kind, size }), className)}
      {...rest}
    />
  )
}
