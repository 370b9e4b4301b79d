import { GitCompare } from 'lucide-react'
import { apiOf } from '#app/_ui/api-path.ts'
import { EmptyState } from '#app/_ui/empty.tsx'
import { Table } from '#app/_ui/table.tsx'
import { Tag } from '#app/_ui/tag.tsx'
import { Time } from '#app/_ui/time.tsx'
import type { VersionListRow } from '#lib/control/console/read-deployment.ts'
import { CompareVersions } from './compare-versions.tsx'
import { VersionActions, type VersionedDeployment } from './version-actions.tsx'

interface VersionsProps {
  readonly base: string
  readonly deployment: VersionedDeployment
  readonly rows: readonly VersionListRow[]
  /** Why the reader may not change it; null: they may. */
  readonly why: string | null
}

/** What the deployment was, what changed from one to another, and the ways back and on. */
export function Versions({ base, deployment, rows, why }: VersionsProps) {
  const current = rows.find((row) => row.isCurrent) ?? rows[0]
  if (!current) {
    return (
      <EmptyState icon={<GitCompare size={16} />} fact="No versions">
        Each time that it is deployed anew, what it was is kept here.
      </EmptyState>
    )
  }
  return (
    <div className="grid grid-cols-1 items-start gap-4 xl:grid-cols-2">
      <Table
        caption="Versions"
        columns={[
          { head: 'Number', width: 64 },
          { head: 'Version' },
          { head: 'Deployed', width: 180 },
          { head: 'Actions', unseen: true, width: 146 },
        ]}
      >
        {rows.map((row) => (
          <tr key={row.id}>
            <td className="text-ink-2 max-sm:order-3">
              <span className="sm:hidden">Number </span>
              {row.number}
            </td>
            <td className="max-sm:order-1" title={row.version ?? undefined}>
              <span className="flex min-w-0 items-center gap-2">
                <span className="truncate font-mono text-xs">{row.version ?? 'Without a name'}</span>
                {row.isCurrent ? <Tag>now</Tag> : null}
              </span>
            </td>
            <td className="end text-ink-2 max-sm:order-4" title={row.by ? `By ${row.by}` : undefined}>
              <Time at={row.at} />
              {row.by ? <span className="text-ink-3"> by {row.by}</span> : null}
            </td>
            <td className="end overflow-visible! max-sm:order-2">
              <VersionActions
                base={base}
                deployment={deployment}
                row={row}
                currentNumber={current.number}
                why={why}
              />
            </td>
          </tr>
        ))}
      </Table>
      <CompareVersions address={`${apiOf(base)}/deployments/${deployment.id}/versions`} rows={rows} />
    </div>
  )
}
