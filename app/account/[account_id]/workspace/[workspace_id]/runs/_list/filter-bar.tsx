'use client'
import { Calendar, ChevronDown, Plus, Search } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { type ReactNode, useEffect, useRef, useState, useTransition } from 'react'
import { chipClass } from '#app/_ui/chip.tsx'
import { ChoiceChip } from '#app/_ui/choice-chip.tsx'
import { useNowMs, useZone } from '#app/_ui/clock.tsx'
import { Kbd } from '#app/_ui/kbd.tsx'
import { Menu, MenuCheck, MenuRadio, MenuRadioGroup } from '#app/_ui/menu.tsx'
import { SetChip, setWords } from '#app/_ui/set-chip.tsx'
import { StateIcon } from '#app/_ui/state.tsx'
import { stateWord } from '#app/_ui/states.ts'
import { TagChip } from '#app/_ui/tag-chip.tsx'
import { formatInstant } from '#app/_ui/times.ts'
import type { DeploymentName } from '#lib/control/console/list-deployment-names.ts'
import type { FlowName } from '#lib/control/console/list-flow-names.ts'
import { defaultStateName, stateTypes } from '#lib/domain/state.ts'
import { type RunQuery, ranges, rangeWords, runQueryString, statesInWords, withFilter } from './query.ts'

interface FilterBarProps {
  readonly path: string
  readonly query: RunQuery
  readonly flows: readonly FlowName[]
  /** To choose from. */
  readonly tags: readonly string[]
  /** Absent where the page has one of its own, or the reader may not see them. */
  readonly deployments?: readonly DeploymentName[] | undefined
  /** A page of one flow has no use for a flow filter. */
  readonly withoutFlow?: boolean
}

const typingPauseMs = 200

export function FilterBar({ path, query, flows, tags, deployments, withoutFlow }: FilterBarProps) {
  const router = useRouter()
  const [pending, start] = useTransition()
  const show = (next: RunQuery) =>
    start(() => router.push(`${path}${runQueryString(next)}`, { scroll: false }))
  const set = (changes: Parameters<typeof withFilter>[1]) => show(withFilter(query, changes))
  return (
    <search
      aria-label="Filter runs"
      aria-busy={pending}
      className="scroll-quiet mb-2 flex flex-wrap items-center gap-2 max-sm:-mx-(--gutter) max-sm:flex-nowrap max-sm:overflow-x-auto max-sm:px-(--gutter) max-sm:py-0.5"
    >
      <RangeChip query={query} onRange={(range) => set({ range })} />
      <StateChip query={query} onStates={(states) => set({ states })} />
      {withoutFlow ? null : (
        <ChoiceChip
          label="Flow"
          nouns={['flow', 'flows']}
          choices={flows.map((flow) => ({ value: flow.id, label: flow.name }))}
          chosen={query.flowIds}
          onChosen={(flowIds) => set({ flowIds })}
        />
      )}
      {deployments && (deployments.length > 0 || query.deploymentIds.length > 0) ? (
        <ChoiceChip
          label="Deployment"
          nouns={['deployment', 'deployments']}
          choices={deployments.map(({ id, name, flowName }) => ({
            value: id,
            label: `${flowName} / ${name}`,
          }))}
          chosen={query.deploymentIds}
          onChosen={(deploymentIds) => set({ deploymentIds })}
        />
      ) : null}
      <TagChip tags={tags} chosen={query.tags} onChosen={(next) => set({ tags: next })} />
      <NameSearch key={query.name ?? ''} name={query.name} onName={(name) => set({ name })} />
    </search>
  )
}

function RangeChip({
  query,
  onRange,
}: {
  readonly query: RunQuery
  readonly onRange: (range: RunQuery['range']) => void
}) {
  const zone = useZone()
  const nowMs = useNowMs()
  const words =
    typeof query.range === 'object'
      ? `${formatInstant(Date.parse(query.range.fromAt), nowMs, zone)} to ${formatInstant(Date.parse(query.range.toAt), nowMs, zone)}`
      : rangeWords[query.range]
  return (
    <Menu
      trigger={
        <button type="button" className={chipClass(typeof query.range === 'object' ? 'set' : 'plain')}>
          <Calendar aria-hidden size={14} />
          <b className="font-medium text-ink">{words}</b>
          <ChevronDown aria-hidden size={14} />
        </button>
      }
    >
      <MenuRadioGroup
        value={typeof query.range === 'object' ? '' : query.range}
        onValueChange={(next) => {
          const range = ranges.find((each) => each === next)
          if (range) onRange(range)
        }}
      >
        {ranges.map((range) => (
          <MenuRadio key={range} value={range}>
            {rangeWords[range]}
          </MenuRadio>
        ))}
      </MenuRadioGroup>
    </Menu>
  )
}

function PossibleChip({ label, ...rest }: { readonly label: string } & React.ComponentProps<'button'>) {
  return (
    <button type="button" className={chipClass('possible')} {...rest}>
      <Plus aria-hidden size={14} />
      {label}
    </button>
  )
}

function StateChip({
  query,
  onStates,
}: {
  readonly query: RunQuery
  readonly onStates: (states: RunQuery['states']) => void
}) {
  const chosen = query.states ?? []
  const toggle = (type: (typeof stateTypes)[number], on: boolean) => {
    const next = stateTypes.filter((each) => (each === type ? on : chosen.includes(each)))
    onStates(next.length === 0 || next.length === stateTypes.length ? null : next)
  }
  const menu = (trigger: ReactNode) => (
    <Menu trigger={trigger}>
      {stateTypes.map((type) => (
        <MenuCheck
          key={type}
          checked={chosen.includes(type)}
          onCheckedChange={(on) => toggle(type, on === true)}
        >
          <StateIcon type={type} name={defaultStateName(type)} />
          {stateWord(defaultStateName(type))}
        </MenuCheck>
      ))}
    </Menu>
  )
  return query.states ? (
    <SetChip label="State" onClear={() => onStates(null)}>
      {menu(setWords('State', statesInWords(query.states)))}
    </SetChip>
  ) : (
    menu(<PossibleChip label="State" />)
  )
}

/** Filters 200 ms after the last key. */
function NameSearch({
  name,
  onName,
}: {
  readonly name: string | null
  readonly onName: (name: string | null) => void
}) {
  const [text, setText] = useState(name ?? '')
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => () => clearTimeout(timer.current), [])
  const apply = (next: string) => {
    clearTimeout(timer.current)
    if (next.trim() !== (name ?? '')) onName(next.trim() || null)
  }
  return (
    <label className="ml-auto flex h-7 w-55 flex-none items-center gap-2 rounded-md border border-line-control bg-surface px-2.5 text-ink-3 has-focus-visible:outline-2 has-focus-visible:outline-focus has-focus-visible:outline-offset-2 max-sm:order-first max-sm:ml-0 max-sm:h-9 max-sm:w-44">
      <Search aria-hidden size={14} className="flex-none" />
      <input
        data-page-search
        type="search"
        aria-label="Run name"
        placeholder="Run name"
        value={text}
        maxLength={200}
        onChange={(event) => {
          const next = event.target.value
          setText(next)
          clearTimeout(timer.current)
          timer.current = setTimeout(() => apply(next), typingPauseMs)
        }}
        onKeyDown={(event) => {
          if (event.key === 'Enter') apply(text)
        }}
        className="min-w-0 flex-1 bg-transparent text-ink text-xs outline-none max-sm:text-lg [&::-webkit-search-cancel-button]:appearance-none"
      />
      {text === '' ? (
        <span aria-hidden className="max-sm:hidden">
          <Kbd>/</Kbd>
        </span>
      ) : null}
    </label>
  )
}
