interface RunNameProps {
  readonly flow: string
  readonly run: string
  /** It is the title of a page. */
  readonly asTitle?: boolean
}

/** `flow / run`: the flow in secondary ink, the run at 500; when it must be cut the flow gives way first. */
export function RunName({ flow, run, asTitle }: RunNameProps) {
  return (
    <span className="fr" title={`${flow} / ${run}`}>
      <span className={asTitle ? 'font-medium text-ink-3' : 'text-ink-2'}>{flow}</span>
      <span className="text-ink-3">/</span>
      <span className={asTitle ? undefined : 'font-medium'}>{run}</span>
    </span>
  )
}
