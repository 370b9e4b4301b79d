import Link from 'next/link'
import { Ago, Time } from '#app/_ui/time.tsx'
import type { ArtifactListRow } from '#lib/control/console/list-artifacts.ts'
import { artifactTypeWord, previewOf } from './artifact-data.ts'

interface ArtifactRowsProps {
  readonly base: string
  readonly rows: readonly ArtifactListRow[]
  /** `key`: a row is a key, shown by its latest; `one`: an artifact; `time`: one of a key's history. */
  readonly by: 'key' | 'one' | 'time'
  readonly withoutRun?: boolean
}

export function ArtifactRows({ base, rows, by, withoutRun }: ArtifactRowsProps) {
  return (
    <table className="t flush stack">
      <caption className="sr-only">Artifacts</caption>
      <colgroup>
        <col className="w-1/4" />
        <col style={{ width: 104 }} />
        <col />
        {withoutRun ? null : <col className="w-1/4 max-lg:hidden" />}
        {by === 'time' ? null : <col style={{ width: 132 }} />}
      </colgroup>
      <thead>
        <tr>
          <th scope="col">{by === 'key' ? 'Key' : by === 'time' ? 'Made' : 'Artifact'}</th>
          <th scope="col">Type</th>
          <th scope="col">Says</th>
          {withoutRun ? null : (
            <th scope="col" className="max-lg:hidden">
              Made by
            </th>
          )}
          {by === 'time' ? null : <th scope="col">{by === 'key' ? 'Latest' : 'Made'}</th>}
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => {
          const name = row.key ?? `${artifactTypeWord(row.type)} without a key`
          const says = row.description || previewOf(row.type, row.data)
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
              <td className="end text-ink-2">{artifactTypeWord(row.type)}</td>
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
      </tbody>
    </table>
  )
}
