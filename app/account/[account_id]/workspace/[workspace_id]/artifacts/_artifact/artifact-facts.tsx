import Link from 'next/link'
import { Fact, Facts } from '#app/_ui/card.tsx'
import { Time } from '#app/_ui/time.tsx'
import type { ArtifactRow } from '#lib/db/rows/artifact.ts'
import { artifactTypeWord } from './artifact-data.ts'

export function ArtifactFacts({
  base,
  artifact,
  runName,
  versions,
}: {
  readonly base: string
  readonly artifact: ArtifactRow
  readonly runName: string | null
  readonly versions?: number
}) {
  return (
    <Facts className="mb-4">
      <Fact name="Type">{artifactTypeWord(artifact.type)}</Fact>
      <Fact name={versions === undefined ? 'Made' : 'Latest made'}>
        <Time at={artifact.createdAt} />
      </Fact>
      {artifact.flowRunId ? (
        <Fact name="Made by">
          {runName ? (
            <Link href={`${base}/runs/flow-run/${artifact.flowRunId}`} className="title-link">
              {runName}
            </Link>
          ) : (
            'A run that was deleted'
          )}
        </Fact>
      ) : null}
      {artifact.taskRunId ? (
        <Fact name="In task run">
          <Link href={`${base}/runs/task-run/${artifact.taskRunId}`} className="title-link">
            Open
          </Link>
        </Fact>
      ) : null}
      {versions === undefined ? null : <Fact name="Made so far">{versions.toLocaleString('en-US')}</Fact>}
    </Facts>
  )
}
