import { Check } from 'lucide-react'
import { type ComponentProps, type ReactNode, useId } from 'react'
import { cx } from './class-names.ts'
import { ShownIcon } from './state.tsx'

interface FieldProps {
  readonly label: ReactNode
  readonly hint?: ReactNode
  /** Stands in the hint's place: what was wrong, with the value that was. */
  readonly error?: string | null
  readonly optional?: boolean
  readonly children: (control: {
    readonly id: string
    readonly 'aria-describedby'?: string
    readonly 'aria-invalid'?: true
  }) => ReactNode
}

export function Field({ label, hint, error, optional, children }: FieldProps) {
  const id = useId()
  const described = hint || error ? `${id}-hint` : undefined
  return (
    <div>
      <label htmlFor={id} className="mb-1.5 block font-medium">
        {label}
        {optional ? <span className="font-normal text-ink-3"> (optional)</span> : null}
      </label>
      {children({
        id,
        ...(described ? { 'aria-describedby': described } : {}),
        ...(error ? { 'aria-invalid': true as const } : {}),
      })}
      {error ? (
        <p
          id={described}
          role="alert"
          className="mt-1.5 flex items-center gap-1.5 text-state-fail-fg text-xs"
        >
          <ShownIcon shown={{ family: 'fail', glyph: 'failed', word: '' }} size={14} />
          {error}
        </p>
      ) : hint ? (
        <p id={described} className="mt-1.5 text-ink-3 text-xs">
          {hint}
        </p>
      ) : null}
    </div>
  )
}

/** Takes the reader to the first field that is wrong: the fields know by the next frame that they are. */
export function focusFirstFault(form: HTMLElement | null): void {
  requestAnimationFrame(() => form?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus())
}

const box =
  'h-8 w-full rounded-md border border-line-control bg-surface px-2.5 text-ink transition-colors duration-(--t-fast) disabled:bg-sunken disabled:text-ink-4 aria-invalid:border-state-fail aria-invalid:ring aria-invalid:ring-state-fail max-sm:h-10 max-sm:text-lg'

export function Input({ className, ...rest }: ComponentProps<'input'>) {
  return <input className={cx(box, className)} {...rest} />
}

export function Textarea({ className, ...rest }: ComponentProps<'textarea'>) {
  return (
    <textarea
      className={cx(
        'block w-full resize-y rounded-md border border-line-control bg-surface px-2.5 py-1.5 text-ink transition-colors duration-(--t-fast) disabled:bg-sunken disabled:text-ink-4 aria-invalid:border-state-fail aria-invalid:ring aria-invalid:ring-state-fail max-sm:text-lg',
        className,
      )}
      {...rest}
    />
  )
}

export function Select({ className, ...rest }: ComponentProps<'select'>) {
  return (
    <select
      className={cx(
        box,
        'appearance-none bg-[length:14px] bg-[position:right_8px_center] bg-no-repeat pr-7 [background-image:var(--chevron)]',
        className,
      )}
      {...rest}
    />
  )
}

export function Checkbox({
  children,
  className,
  ...rest
}: Omit<ComponentProps<'input'>, 'type'> & { readonly children: ReactNode }) {
  return (
    <label className={cx('inline-flex min-h-6 cursor-pointer items-center gap-2', className)}>
      <span className="relative inline-grid size-3.5 flex-none">
        <input
          type="checkbox"
          className="peer size-3.5 appearance-none rounded-xs border border-line-control bg-surface checked:border-accent checked:bg-accent"
          {...rest}
        />
        <Check
          aria-hidden
          size={12}
          strokeWidth={3}
          className="pointer-events-none invisible absolute top-px left-px text-on-accent peer-checked:visible"
        />
      </span>
      {children}
    </label>
  )
}
