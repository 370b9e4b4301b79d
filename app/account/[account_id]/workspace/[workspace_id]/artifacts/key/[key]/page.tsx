import type { Metadata } from 'next'
import { RefreshOn } from '#app/_live/refresh-on.tsx'
import { enterLive, type WorkspaceParams } from '#app/_server/enter.ts'
import { found, nameIn } from '#app/_server/found.ts'
import { pageParam, type SearchParams, turns } from '#app/_server/query.ts'
import { TopBar } from '#app/_shell/top-bar.tsx'
import { Card } from '#app/_ui/card.tsx'
import { Denied } from '#app/_ui/denied.tsx'
import { Markdown } from '#app/_ui/markdown.tsx'
import { PageHeader } from '#app/_ui/page-header.tsx'
import { Pager } from '#app/_ui/pager.tsx'
import { formatCount } from '#app/_ui/times.ts'
import { readArtifact } from '#lib/control/artifacts/read-artifact.ts'
import { listArtifacts } from '#lib/control/console/list-artifacts.ts'
import { readRunName } from '#lib/control/console/read-run-name.ts'
import { ArtifactBody } from '../../_artifact/artifact-body.tsx'
import { ArtifactFacts } from '../../_artifact/artifact-facts.tsx'
import { ArtifactRows } from '../../_artifact/artifact-rows.tsx'

interface Props {
  readonly params: Promise<WorkspaceParams & { readonly key: string }>
  readonly searchParams: Promise<SearchParams>
}

const pageSize = 20

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  return { title: nameIn((await params).key) }
}

export default async function ArtifactKeyPage({ params, searchParams }: Props) {
  const entered = await enterLive(params)
  const { ctx, base, cursor } = entered
  const key = nameIn((await params).key)
  const crumbs = [{ label: 'Artifacts', href: `${base}/artifacts` }, { label: key }]
  if (!ctx.access.scopes.has('see_artifacts'))
    return (
      <Denied
        entered={entered}
        crumbs={crumbs}
        what="the artifacts of this workspace"
        needs="see_artifacts"
      />
    )
  const page = pageParam((await searchParams).page)
  const [latest, history] = await Promise.all([
    found(readArtifact(ctx, { latestOf: key })),
    listArtifacts(ctx, { by: 'one', key, pageSize, offset: (page - 1) * pageSize }),
  ])
  const runName = await readRunName(ctx, latest.flowRunId)
  return (
    <>
      <TopBar crumbs={crumbs} />
      <RefreshOn nouns={['artifact']} cursor={cursor} />
      <main id="main" tabIndex={-1} className="page">
        <PageHeader
          title={key}
          sub={latest.description ? <Markdown text={latest.description} /> : undefined}
        />
        <ArtifactFacts base={base} artifact={latest} runName={runName} versions={history.count} />
        <Card title="Latest" className="mb-4">
          <div className="p-4">
            <ArtifactBody type={latest.type} data={latest.data} />
          </div>
        </Card>
        <h2 className="mb-1 font-semibold">History</h2>
        <ArtifactRows base={base} rows={history.rows} by="time" />
        <Pager
          {...turns(`${base}/artifacts/key/${encodeURIComponent(key)}`, {}, page, pageSize, history.count)}
        >
          Newest first. {formatCount(history.count)} {history.count === 1 ? 'artifact' : 'artifacts'} of this
          key
        </Pager>
      </main>
    </>
  )
}
