/** `flow / run`: the flow in secondary ink, the run at 500; when it must be cut the flow gives way first. */
export function RunName({ flow, run }: { readonly flow: string; readonly run: string }) {
  return (
    <span className="fr" title={`${flow} / ${run}`}>
      <span className="text-ink-2">{flow}</span>
      <span className="text-ink-3">/</span>
      <span className="font-medium">{run}</span>
    </span>
  )
}
