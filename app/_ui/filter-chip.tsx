'use client'
import { Plus } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { chipClass } from './chip.tsx'
import { Menu, MenuRadio, MenuRadioGroup } from './menu.tsx'
import { SetChip, setWords } from './set-chip.tsx'
import { TagChip } from './tag-chip.tsx'

interface FilterChipProps {
  readonly path: string
  readonly label: string
  readonly param: string
  readonly value: string | null
  readonly options: readonly { readonly value: string; readonly label: string }[]
}

/** The address as it is, at its first page and with these values of one member. */
function hrefHere(path: string, param: string, value: string | readonly string[] | null): string {
  const params = new URLSearchParams(window.location.search)
  params.delete('page')
  params.delete(param)
  for (const each of value === null ? [] : [value].flat()) params.append(param, each)
  const query = params.toString()
  return query === '' ? path : `${path}?${query}`
}

/** Several tags of the address, each a member of its own: what has all of them is shown. */
export function TagFilter({
  path,
  tags,
  chosen,
}: {
  readonly path: string
  readonly tags: readonly string[]
  readonly chosen: readonly string[]
}) {
  const router = useRouter()
  return (
    <TagChip
      tags={tags}
      chosen={chosen}
      onChosen={(next) => router.push(hrefHere(path, 'tag', next), { scroll: false })}
    />
  )
}

/** One choice of the address: dashed with a plus while it is not set, filled with a × when it is. */
export function FilterChip({ path, label, param, value, options }: FilterChipProps) {
  const router = useRouter()
  const show = (next: string | null) => router.push(hrefHere(path, param, next), { scroll: false })
  const chosen = options.find((option) => option.value === value)?.label ?? value
  const menu = (trigger: React.ReactNode) => (
    <Menu trigger={trigger}>
      <MenuRadioGroup value={value ?? ''} onValueChange={(next) => show(next)}>
        {options.map((option) => (
          <MenuRadio key={option.value} value={option.value}>
            <span className="truncate">{option.label}</span>
          </MenuRadio>
        ))}
      </MenuRadioGroup>
    </Menu>
  )
  if (value === null) {
    return menu(
      <button type="button" className={chipClass('possible')}>
        <Plus aria-hidden size={14} />
        {label}
      </button>,
    )
  }
  return (
    <SetChip label={label} onClear={() => show(null)}>
      {menu(setWords(label, chosen))}
    </SetChip>
  )
}
