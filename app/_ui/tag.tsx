import { cx } from './class-names.ts'

export function Tag({ children }: { readonly children: string }) {
  return (
    <span
      className="inline-flex h-[18px] min-w-0 max-w-40 items-center rounded-sm bg-active px-1.5 text-2xs text-ink-2"
      title={children}
    >
      <span className="truncate">{children}</span>
    </span>
  )
}

/** As many tags as fit a row, the rest as a number with their names on hover and for screen readers. */
export function Tags({
  tags,
  most = 2,
  wrap,
}: {
  readonly tags: readonly string[]
  readonly most?: number
  /** Where there is room below: among facts. In a row each is cut to what it has. */
  readonly wrap?: boolean
}) {
  const rest = tags.slice(most)
  return (
    <span
      className={cx(
        'inline-flex max-w-full items-center gap-1 align-top',
        wrap ? 'flex-wrap' : 'overflow-hidden',
      )}
    >
      {tags.slice(0, most).map((tag) => (
        <Tag key={tag}>{tag}</Tag>
      ))}
      {rest.length > 0 ? (
        <span className="flex-none text-ink-3 text-xs" title={rest.join(', ')}>
          +{rest.length}
          <span className="sr-only"> more: {rest.join(', ')}</span>
        </span>
      ) : null}
    </span>
  )
}
