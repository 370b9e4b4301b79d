'use client'
import { Check } from 'lucide-react'
import { DropdownMenu as Radix } from 'radix-ui'
import type { ComponentProps, ReactNode } from 'react'
import { cx } from './class-names.ts'

const row =
  'flex min-h-[30px] w-full select-none items-center gap-2 rounded-[5px] px-2 outline-none data-[highlighted]:bg-hover data-[disabled]:text-ink-4 max-sm:min-h-11'

interface MenuProps {
  readonly trigger: ReactNode
  readonly children: ReactNode
  readonly align?: 'start' | 'end'
  readonly side?: 'top' | 'bottom'
  readonly className?: string
}

export function Menu({ trigger, children, align = 'start', side = 'bottom', className }: MenuProps) {
  return (
    <Radix.Root modal={false}>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          align={align}
          side={side}
          sideOffset={4}
          collisionPadding={8}
          className={cx(
            'pop-in z-30 max-h-(--radix-dropdown-menu-content-available-height) w-58 overflow-y-auto rounded-lg bg-raised p-1 text-ink shadow-pop',
            className,
          )}
          style={{ '--cut': 'var(--raised)' } as React.CSSProperties}
        >
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

export function MenuItem({
  danger,
  className,
  ...rest
}: ComponentProps<typeof Radix.Item> & { readonly danger?: boolean }) {
  return (
    <Radix.Item className={cx(row, 'cursor-pointer', danger && 'text-state-fail-fg', className)} {...rest} />
  )
}

export function MenuCheck({ children, className, ...rest }: ComponentProps<typeof Radix.CheckboxItem>) {
  return (
    <Radix.CheckboxItem
      className={cx(row, 'cursor-pointer', className)}
      // Several may be ticked in one visit.
      onSelect={(event) => event.preventDefault()}
      {...rest}
    >
      <span className="inline-grid size-3.5 flex-none place-items-center rounded-xs border border-line-control text-accent-ink">
        <Radix.ItemIndicator>
          <Check aria-hidden size={12} strokeWidth={3} />
        </Radix.ItemIndicator>
      </span>
      {children}
    </Radix.CheckboxItem>
  )
}

export const MenuRadioGroup = Radix.RadioGroup

export function MenuRadio({ children, className, ...rest }: ComponentProps<typeof Radix.RadioItem>) {
  return (
    <Radix.RadioItem className={cx(row, 'cursor-pointer', className)} {...rest}>
      {children}
      <Radix.ItemIndicator className="ml-auto text-ink-2">
        <Check aria-hidden size={14} />
      </Radix.ItemIndicator>
    </Radix.RadioItem>
  )
}

export function MenuRule() {
  return <Radix.Separator className="my-1 h-px bg-line" />
}

export function MenuHeading({ children }: { readonly children: ReactNode }) {
  return <Radix.Label className="px-2 pt-2 pb-1 font-medium text-2xs text-ink-3">{children}</Radix.Label>
}
