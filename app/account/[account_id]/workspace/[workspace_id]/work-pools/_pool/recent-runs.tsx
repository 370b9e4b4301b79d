import { Workflow } from 'lucide-react'
import { EmptyState } from '#app/_ui/empty.tsx'
import type { FlowRunRow } from '#lib/control/console/rows.ts'
import { RunsTable } from '../../runs/_list/runs-table.tsx'

/** The newest runs that went through here. */
export function RecentRuns({ base, rows }: { readonly base: string; readonly rows: readonly FlowRunRow[] }) {
  return rows.length === 0 ? (
    <EmptyState icon={<Workflow size={16} />} fact="No runs yet">
      Runs of deployments that wait here show up as they are made.
    </EmptyState>
  ) : (
    <>
      <RunsTable base={base} rows={rows} />
      <p className="py-2.5 text-ink-3 text-xs">The newest {rows.length}, by their expected start.</p>
    </>
  )
}
