'use client'
import { Check, Lock } from 'lucide-react'
import {
  type ComponentProps,
  createContext,
  type ReactNode,
  useContext,
  useEffect,
  useId,
  useState,
} from 'react'
import { cx } from './class-names.ts'
import { useLate } from './late.ts'

type Parts = typeof import('./menu-parts.tsx')

let fetching: Promise<Parts> | undefined
const fetchParts = (): Promise<Parts> => {
  fetching ??= import('./menu-parts.tsx')
  return fetching
}

interface OpenMenu {
  readonly parts: Parts
  /** The line at the foot that says why the item that has the focus is locked. */
  readonly footId: string
  /** Makes room for a reason there. */
  readonly addReason: (why: string) => void
  /** Says it; null: the item that has the focus is not locked. */
  readonly say: (why: string | null) => void
}

const MenuContext = createContext<OpenMenu | null>(null)

function useMenu(): OpenMenu {
  const menu = useContext(MenuContext)
  if (!menu) throw new Error('A menu item stands in a Menu')
  return menu
}

const useParts = (): Parts => useMenu().parts

const row =
  'flex min-h-[30px] w-full select-none items-center gap-2 rounded-[5px] px-2 outline-none data-[highlighted]:bg-hover data-[disabled]:text-ink-4 max-sm:min-h-11'

interface MenuProps {
  /** A button. */
  readonly trigger: ReactNode
  readonly children: ReactNode
  readonly align?: 'start' | 'end'
  readonly side?: 'top' | 'bottom'
  readonly className?: string
}

/** Its code comes late: see `useLate`. */
export function Menu({ trigger, children, align = 'start', side = 'bottom', className }: MenuProps) {
  const { parts, open, setOpen, holder } = useLate(fetchParts)
  const [reasons, setReasons] = useState<readonly string[]>([])
  // Before an item has the focus, the first reason speaks.
  const [said, say] = useState<string | null>()
  const footId = useId()
  const addReason = (why: string) => setReasons((known) => (known.includes(why) ? known : [...known, why]))
  return (
    <span {...holder}>
      {parts ? (
        <MenuContext.Provider value={{ parts, footId, addReason, say }}>
          <parts.Root
            modal={false}
            open={open}
            onOpenChange={(next) => {
              setOpen(next)
              say(undefined)
            }}
          >
            <parts.Trigger asChild>{trigger}</parts.Trigger>
            <parts.Portal>
              <parts.Content
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
                {reasons.length > 0 ? (
                  <MenuFoot id={footId} reasons={reasons} said={said === undefined ? reasons[0] : said} />
                ) : null}
              </parts.Content>
            </parts.Portal>
          </parts.Root>
        </MenuContext.Provider>
      ) : (
        trigger
      )}
    </span>
  )
}

/** Every reason has its place from the start, so that nothing moves when another one speaks. */
function MenuFoot({
  id,
  reasons,
  said,
}: {
  readonly id: string
  readonly reasons: readonly string[]
  readonly said: string | null | undefined
}) {
  return (
    <div id={id} className="mt-1 grid border-line border-t px-2 pt-2 pb-1 text-ink-2 text-xs">
      {reasons.map((why) => (
        <span key={why} className={cx('[grid-area:1/1]', why !== said && 'invisible')}>
          {why}
        </span>
      ))}
    </div>
  )
}

interface MenuItemProps extends ComponentProps<Parts['Item']> {
  readonly danger?: boolean
  /** Why the reader's role does not allow it: the verb stays to be seen, and says so; null: it is allowed. */
  readonly why?: string | null
}

export function MenuItem({ danger, why = null, className, children, onSelect, ...rest }: MenuItemProps) {
  const { parts, footId, addReason, say } = useMenu()
  useEffect(() => {
    if (why !== null) addReason(why)
  })
  // Disabled for the library, it would be passed over by the keyboard, and nobody would hear why.
  const withheld = {
    onSelect: (event: Event) => event.preventDefault(),
    'aria-disabled': true,
    'aria-describedby': footId,
  }
  return (
    <parts.Item
      className={cx(
        row,
        why === null ? 'cursor-pointer' : 'cursor-not-allowed text-ink-3',
        danger && why === null && 'text-state-fail-fg',
        className,
      )}
      onFocus={() => say(why)}
      {...(why !== null ? withheld : onSelect ? { onSelect } : {})}
      {...rest}
    >
      {why === null ? (
        children
      ) : (
        <>
          {children}
          <Lock aria-hidden size={12} className="ml-auto flex-none" />
        </>
      )}
    </parts.Item>
  )
}

export function MenuCheck({ children, className, ...rest }: ComponentProps<Parts['CheckboxItem']>) {
  const { CheckboxItem, ItemIndicator } = useParts()
  return (
    <CheckboxItem
      className={cx(row, 'cursor-pointer', className)}
      // Several may be ticked in one visit.
      onSelect={(event) => event.preventDefault()}
      {...rest}
    >
      <span className="inline-grid size-3.5 flex-none place-items-center rounded-xs border border-line-control text-accent-ink">
        <ItemIndicator>
          <Check aria-hidden size={12} strokeWidth={3} />
        </ItemIndicator>
      </span>
      {children}
    </CheckboxItem>
  )
}

export function MenuRadioGroup(props: ComponentProps<Parts['RadioGroup']>) {
  const { RadioGroup } = useParts()
  return <RadioGroup {...props} />
}

export function MenuRadio({ children, className, ...rest }: ComponentProps<Parts['RadioItem']>) {
  const { RadioItem, ItemIndicator } = useParts()
  return (
    <RadioItem className={cx(row, 'cursor-pointer', className)} {...rest}>
      {children}
      <ItemIndicator className="ml-auto text-ink-2">
        <Check aria-hidden size={14} />
      </ItemIndicator>
    </RadioItem>
  )
}

export function MenuRule() {
  const { Separator } = useParts()
  return <Separator className="my-1 h-px bg-line" />
}

export function MenuHeading({ children }: { readonly children: ReactNode }) {
  const { Label } = useParts()
  return <Label className="px-2 pt-2 pb-1 font-medium text-2xs text-ink-3">{children}</Label>
}
