import { cx } from './class-names.ts'

interface RunNameProps {
  readonly flow: string
  readonly run: string
  /** It is the title of a page. */
  readonly asTitle?: boolean
}

/** `flow / run`: the flow in secondary ink, the run at 500; when it must be cut the flow gives way first. */
export function RunName({ flow, run, asTitle }: RunNameProps) {
  return (
    <span
      // On a phone a long title takes two lines rather than lose either name.
      className={cx('fr', asTitle && 'max-sm:flex-wrap')}
      title={`${flow} / ${run}`}
    >
      <span
        className={cx(
          asTitle ? 'font-medium text-ink-3' : 'text-ink-2',
          // However little is left of it, it can be seen that it is there. One that is shorter anyway gets no gap.
          flow.length > 4 ? 'min-w-[1.5em]' : 'min-w-0',
        )}
      >
        {flow}
      </span>
      {asTitle ? null : <span className="text-ink-3">/</span>}
      <span className={asTitle ? 'max-sm:whitespace-normal' : 'font-medium'}>
        {asTitle ? <span className="font-medium text-ink-3">/ </span> : null}
        {run}
      </span>
    </span>
  )
}
