const widths = ['62%', '48%', '71%', '55%', '66%', '43%', '58%']

/** Rows of the true height, shown only when the page takes longer than 200 ms. */
export function SkeletonRows({ rows = 12, label }: { readonly rows?: number; readonly label: string }) {
  return (
    <div aria-busy="true" role="status" aria-label={label} className="after-pause">
      {Array.from({ length: rows }, (_, row) => (
        <div
          // biome-ignore lint/suspicious/noArrayIndexKey: the rows are alike and never move
          key={row}
          className="flex h-(--row) items-center gap-6 border-line border-b last:border-b-0"
        >
          <Skeleton width={72} />
          <div className="flex-1">
            <Skeleton width={widths[row % widths.length] ?? '60%'} />
          </div>
          <Skeleton width={48} />
        </div>
      ))}
    </div>
  )
}

export function Skeleton({
  width,
  height = 10,
}: {
  readonly width: number | string
  readonly height?: number
}) {
  return <span aria-hidden className="block flex-none rounded-sm bg-active" style={{ width, height }} />
}
