import type { Metadata } from 'next'
import Link from 'next/link'
import { notFound } from 'next/navigation'
import { cache } from 'react'
import { RefreshOn } from '#app/_live/refresh-on.tsx'
import { enter, enterLive, isUuid, type WorkspaceParams } from '#app/_server/enter.ts'
import { found } from '#app/_server/found.ts'
import { TopBar } from '#app/_shell/top-bar.tsx'
import { Card } from '#app/_ui/card.tsx'
import { Denied } from '#app/_ui/denied.tsx'
import { Markdown } from '#app/_ui/markdown.tsx'
import { PageHeader } from '#app/_ui/page-header.tsx'
import { Time } from '#app/_ui/time.tsx'
import { readArtifact } from '#lib/control/artifacts/read-artifact.ts'
import { readRunName } from '#lib/control/console/read-run-name.ts'
import type { Context } from '#lib/control/context.ts'
import { ArtifactBody } from '../../_artifact/artifact-body.tsx'
import { artifactTypeWord } from '../../_artifact/artifact-data.ts'
import { ArtifactFacts } from '../../_artifact/artifact-facts.tsx'

interface Props {
  readonly params: Promise<WorkspaceParams & { readonly artifact_id: string }>
}

const artifactOf = cache(async (ctx: Context, id: string) => found(readArtifact(ctx, { id })))

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  const { ctx } = await enter(params)
  const { artifact_id } = await params
  if (!isUuid(artifact_id) || !ctx.access.scopes.has('see_artifacts')) return { title: 'Artifact' }
  return { title: (await artifactOf(ctx, artifact_id.toLowerCase())).key ?? 'Artifact' }
}

export default async function ArtifactPage({ params }: Props) {
  const entered = await enterLive(params)
  const { ctx, base, cursor } = entered
  const id = (await params).artifact_id.toLowerCase()
  if (!isUuid(id)) notFound()
  const list = { label: 'Artifacts', href: `${base}/artifacts` }
  if (!ctx.access.scopes.has('see_artifacts'))
    return (
      <Denied
        entered={entered}
        crumbs={[list]}
        what="the artifacts of this workspace"
        needs="see_artifacts"
      />
    )
  const artifact = await artifactOf(ctx, id)
  const runName = await readRunName(ctx, artifact.flowRunId)
  const keyHref = artifact.key === null ? null : `${base}/artifacts/key/${encodeURIComponent(artifact.key)}`
  const name = artifact.key ?? `${artifactTypeWord(artifact.type)} without a key`
  return (
    <>
      <TopBar
        crumbs={[
          list,
          ...(keyHref && artifact.key ? [{ label: artifact.key, href: keyHref }] : []),
          { label: keyHref ? <Time at={artifact.createdAt} /> : name },
        ]}
      />
      <RefreshOn
        nouns={['artifact']}
        cursor={cursor}
        id={id}
        mortal={{ id: id, what: 'artifact', href: `${base}/artifacts`, words: 'Open artifacts' }}
      />
      <main id="main" tabIndex={-1} className="page">
        <PageHeader
          title={name}
          sub={artifact.description ? <Markdown text={artifact.description} /> : undefined}
        />
        <ArtifactFacts base={base} artifact={artifact} runName={runName} />
        <Card className="mb-3">
          <div className="p-4">
            <ArtifactBody type={artifact.type} data={artifact.data} />
          </div>
        </Card>
        {keyHref ? (
          <p>
            <Link href={keyHref} className="link">
              All of the key {artifact.key}
            </Link>
          </p>
        ) : null}
      </main>
    </>
  )
}
