import { ChoiceChip } from './choice-chip.tsx'

interface TagChipProps {
  /** Those that there are. */
  readonly tags: readonly string[]
  readonly chosen: readonly string[]
  readonly onChosen: (next: readonly string[]) => void
}

/** Filters by what has all the chosen tags. One that is not offered can be typed: old runs have tags too. */
export function TagChip({ tags, chosen, onChosen }: TagChipProps) {
  return (
    <ChoiceChip
      label={chosen.length > 1 ? 'Tags' : 'Tag'}
      nouns={['tag', 'tags']}
      choices={tags.map((tag) => ({ value: tag, label: tag }))}
      chosen={chosen}
      onChosen={onChosen}
      free
    />
  )
}
