/** Limits on tags are limits like any other, named so. */
const PREFIX = 'tag:'

export const tagLimitName = (tag: string): string => PREFIX + tag
/** null: no limit on a tag. */
export const tagOf = (name: string): string | null =>
  name.startsWith(PREFIX) ? name.slice(PREFIX.length) : null
