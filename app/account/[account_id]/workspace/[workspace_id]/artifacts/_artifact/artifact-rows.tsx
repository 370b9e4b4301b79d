import Link from 'next/link'
import { Table } from '#app/_ui/table.tsx'
import { Ago, Time } from '#app/_ui/time.tsx'
import type { ArtifactListRow } from '#lib/control/console/list-artifacts.ts'
import { artifactTypeWord, plainOf, previewOf } from './artifact-data.ts'

interface ArtifactRowsProps {
  readonly base: string
  readonly rows: readonly ArtifactListRow[]
  /** `key`: a row is a key, shown by its latest; `one`: an artifact; `time`: one of a key's history. */
  readonly by: 'key' | 'one' | 'time'
  readonly withoutRun?: boolean
}

export function ArtifactRows({ base, rows, by, withoutRun }: ArtifactRowsProps) {
  return (
    <Table
      caption="Artifacts"
      columns={[
        { head: by === 'key' ? 'Key' : by === 'time' ? 'Made' : 'Artifact', width: 'w-1/4' },
        { head: 'Type', width: 104 },
        { head: 'Says' },
        ...(withoutRun ? [] : [{ head: 'Made by', width: 'w-1/4', from: 'lg' } as const]),
        ...(by === 'time' ? [] : [{ head: by === 'key' ? 'Latest' : 'Made', width: 132 }]),
      ]}
    >
      {rows.map((row) => {
        const name = row.key ?? `${artifactTypeWord(row.type)} without a key`
        const says = row.description ? plainOf(row.description) : previewOf(row.type, row.data)
        return (
          <tr key={row.id}>
            <td>
              <Link
                href={
                  by === 'key' && row.key
                    ? `${base}/artifacts/key/${encodeURIComponent(row.key)}`
                    : `${base}/artifacts/artifact/${row.id}`
                }
                className={`row-link title-link block truncate ${by === 'time' ? 'font-medium' : row.key ? 'font-medium font-mono text-xs' : 'text-ink-2'}`}
                {...(by === 'time' ? {} : { title: name })}
              >
                {by === 'time' ? <Time at={row.at} /> : name}
              </Link>
            </td>
            <td className="end text-ink-2" title={artifactTypeWord(row.type)}>
              {artifactTypeWord(row.type)}
            </td>
            <td className="whole text-ink-2" title={says || undefined}>
              {says || <span className="text-ink-3">–</span>}
            </td>
            {withoutRun ? null : (
              <td className="hide max-lg:hidden">
                {row.flowRunId && row.flowRunName ? (
                  <Link href={`${base}/runs/flow-run/${row.flowRunId}`} className="above-link title-link">
                    {row.flowRunName}
                  </Link>
                ) : (
                  <span className="text-ink-3">–</span>
                )}
              </td>
            )}
            {by === 'time' ? null : (
              <td className="whole text-ink-2 max-sm:text-ink-3 max-sm:text-xs">
                <Ago at={row.at} />
              </td>
            )}
          </tr>
        )
      })}
    </Table>
  )
}
