import { FileText } from 'lucide-react'
import { EmptyState } from '#app/_ui/empty.tsx'
import type { ArtifactListRow } from '#lib/control/console/list-artifacts.ts'
import { ArtifactRows } from '../../../../artifacts/_artifact/artifact-rows.tsx'

/** What the run made to be read. */
export function RunArtifacts({
  base,
  rows,
  count,
}: {
  readonly base: string
  readonly rows: readonly ArtifactListRow[]
  readonly count: number
}) {
  if (rows.length === 0) {
    return (
      <div className="pt-4">
        <EmptyState icon={<FileText size={16} />} fact="No artifacts">
          What this run makes to be read, such as a report or a table, shows up here.
        </EmptyState>
      </div>
    )
  }
  return (
    <>
      <ArtifactRows base={base} rows={rows} by="one" withoutRun />
      {count > rows.length ? (
        <p className="py-2.5 text-ink-3 text-xs">
          The newest {rows.length} of {count.toLocaleString('en-US')}.
        </p>
      ) : null}
    </>
  )
}
