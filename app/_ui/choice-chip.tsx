'use client'
import { Plus } from 'lucide-react'
import { type KeyboardEvent, type ReactNode, useState } from 'react'
import { chipClass } from './chip.tsx'
import { Checkbox } from './field.tsx'
import { useLate } from './late.ts'
import { SetChip, setWords } from './set-chip.tsx'

type Parts = typeof import('./popover-parts.tsx')

let fetching: Promise<Parts> | undefined
const fetchParts = (): Promise<Parts> => {
  fetching ??= import('./popover-parts.tsx')
  return fetching
}

interface Choice {
  readonly value: string
  readonly label: string
}

interface ChoiceChipProps {
  readonly label: string
  /** What one and many are called: `tag`, `tags`. */
  readonly nouns: readonly [one: string, many: string]
  readonly choices: readonly Choice[]
  readonly chosen: readonly string[]
  readonly onChosen: (next: readonly string[]) => void
  /** What is typed may be chosen though it is not offered. */
  readonly free?: boolean
}

const mostShown = 50

/** A filter by several of what there is: dashed with a plus while none is chosen, filled with a × when one is. */
export function ChoiceChip(props: ChoiceChipProps) {
  const { label, nouns, choices } = props
  const [chosen, onChosen] = useAsked(props.chosen, props.onChosen)
  const { parts, open, setOpen, holder } = useLate(fetchParts)
  const names = chosen.map((value) => choices.find((choice) => choice.value === value)?.label ?? value)
  const button =
    chosen.length === 0 ? (
      <button type="button" className={chipClass('possible')}>
        <Plus aria-hidden size={14} />
        {label}
      </button>
    ) : (
      setWords(label, names.join(', '))
    )
  return (
    <SetChip label={label} isSet={chosen.length > 0} onClear={() => onChosen([])}>
      <span {...holder}>
        {parts ? (
          <parts.Root open={open} onOpenChange={setOpen}>
            <parts.Trigger asChild>{button}</parts.Trigger>
            <parts.Portal>
              <parts.Content
                align="start"
                sideOffset={4}
                collisionPadding={8}
                aria-label={`Filter by ${nouns[0]}`}
                onOpenAutoFocus={(event) => {
                  // Under a finger the keyboard of the screen would come up and cover what there is to choose from.
                  if (!window.matchMedia('(pointer: coarse)').matches) return
                  event.preventDefault()
                  if (event.target instanceof HTMLElement) event.target.focus()
                }}
                className="pop-in z-30 flex max-h-(--radix-popover-content-available-height) w-72 max-w-[calc(100vw-16px)] flex-col rounded-lg bg-raised p-1 text-ink shadow-pop focus:outline-none"
              >
                <Choices {...props} chosen={chosen} onChosen={onChosen} />
              </parts.Content>
            </parts.Portal>
          </parts.Root>
        ) : (
          button
        )}
      </span>
    </SetChip>
  )
}

/** What is asked for shows at once, and the next tick adds to it: the page with the answer takes its time. */
function useAsked(given: readonly string[], ask: (next: readonly string[]) => void) {
  const of = given.join('\n')
  const [asked, setAsked] = useState({ of, chosen: given })
  if (asked.of !== of) setAsked({ of, chosen: given })
  const choose = (next: readonly string[]) => {
    setAsked({ of, chosen: next })
    ask(next)
  }
  return [asked.of === of ? asked.chosen : given, choose] as const
}

function Choices({ nouns: [one, many], choices, chosen, onChosen, free = false }: ChoiceChipProps) {
  const [text, setText] = useState('')
  // Where each stood when it was opened: ticked, it does not jump away from the pointer.
  const [first] = useState(chosen)
  const wanted = text.trim()
  const rest = choices.filter((choice) => !first.includes(choice.value))
  const ahead = first.map(
    (value) => choices.find((choice) => choice.value === value) ?? { value, label: value },
  )
  const matching = [...ahead, ...rest].filter((choice) =>
    choice.label.toLowerCase().includes(wanted.toLowerCase()),
  )
  const typed =
    free && wanted !== '' && !matching.some((choice) => choice.label === wanted)
      ? [{ value: wanted, label: wanted }]
      : []
  const shown = [...matching.slice(0, mostShown), ...typed]
  const toggle = (value: string) =>
    onChosen(chosen.includes(value) ? chosen.filter((each) => each !== value) : [...chosen, value])
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: moves the focus between the controls inside
    <div className="contents" onKeyDown={moveFocus}>
      <input
        aria-label={`Filter ${many}`}
        placeholder={free ? `Find or type a ${one}` : `Find a ${one}`}
        value={text}
        maxLength={200}
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          const [choice] = shown
          if (event.key !== 'Enter' || wanted === '' || !choice) return
          event.preventDefault()
          toggle(choice.value)
          setText('')
        }}
        className="mb-1 h-8 w-full flex-none rounded-[5px] border border-line-control bg-surface px-2 max-sm:h-11 max-sm:text-lg"
      />
      <ul aria-label={many} className="min-h-0 overflow-y-auto">
        {shown.map((choice) => (
          <li key={choice.value}>
            <Checkbox
              checked={chosen.includes(choice.value)}
              onChange={() => toggle(choice.value)}
              className="flex! min-h-[30px] w-full select-none rounded-[5px] px-2 hover:bg-hover has-focus-visible:bg-hover max-sm:min-h-11"
            >
              <span className="truncate" title={choice.label}>
                {choice.label}
              </span>
            </Checkbox>
          </li>
        ))}
      </ul>
      <Foot shown={shown.length} left={matching.length - mostShown}>
        {wanted === '' ? `No ${one} yet.` : `No ${one} has ${wanted} in its name.`}
      </Foot>
    </div>
  )
}

function Foot({
  shown,
  left,
  children,
}: {
  readonly shown: number
  readonly left: number
  readonly children: ReactNode
}) {
  if (shown === 0) return <p className="px-2 py-1.5 text-ink-3">{children}</p>
  return left > 0 ? (
    <p className="px-2 py-1.5 text-ink-3 text-xs">And {left} more: type to find them.</p>
  ) : null
}

/** Arrows go from one control to the next, as in a menu. */
function moveFocus(event: KeyboardEvent<HTMLElement>): void {
  const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
  if (step === 0) return
  const controls = [...event.currentTarget.querySelectorAll<HTMLElement>('input')]
  const at = controls.indexOf(document.activeElement as HTMLElement)
  event.preventDefault()
  controls[Math.min(controls.length - 1, Math.max(0, at + step))]?.focus()
}
