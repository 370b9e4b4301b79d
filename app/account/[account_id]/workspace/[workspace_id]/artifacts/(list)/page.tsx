import { FileText, ListFilter } from 'lucide-react'
import type { Metadata } from 'next'
import { RefreshOn } from '#app/_live/refresh-on.tsx'
import { enterLive, type WorkspaceParams } from '#app/_server/enter.ts'
import { hrefWith, pageParam, type SearchParams, textParam, turns } from '#app/_server/query.ts'
import { TopBar } from '#app/_shell/top-bar.tsx'
import { ButtonLink } from '#app/_ui/button-link.tsx'
import { Command } from '#app/_ui/command.tsx'
import { Denied } from '#app/_ui/denied.tsx'
import { EmptyState } from '#app/_ui/empty.tsx'
import { NameSearch } from '#app/_ui/name-search.tsx'
import { Pager } from '#app/_ui/pager.tsx'
import { Tabs } from '#app/_ui/tabs.tsx'
import { formatCount } from '#app/_ui/times.ts'
import { listArtifacts } from '#lib/control/console/list-artifacts.ts'
import { ArtifactRows } from '../_artifact/artifact-rows.tsx'

export const metadata: Metadata = { title: 'Artifacts' }

const pageSize = 50

interface Props {
  readonly params: Promise<WorkspaceParams>
  readonly searchParams: Promise<SearchParams>
}

export default async function ArtifactsPage({ params, searchParams }: Props) {
  const entered = await enterLive(params)
  const { ctx, base, cursor } = entered
  const crumbs = [{ label: 'Artifacts' }]
  if (!ctx.access.scopes.has('see_artifacts'))
    return (
      <Denied
        entered={entered}
        crumbs={crumbs}
        what="the artifacts of this workspace"
        needs="see_artifacts"
      />
    )
  const asked = await searchParams
  const by = asked.view === 'all' ? 'one' : 'key'
  const like = textParam(asked.name)
  const page = pageParam(asked.page)
  const path = `${base}/artifacts`
  const bounds = { pageSize, offset: (page - 1) * pageSize }
  const [shown, keys, all] = await Promise.all([
    listArtifacts(ctx, { by, like, ...bounds }),
    listArtifacts(ctx, { by: 'key', pageSize: 0, offset: 0 }),
    listArtifacts(ctx, { by: 'one', pageSize: 0, offset: 0 }),
  ])
  const view = by === 'one' ? 'all' : null
  return (
    <>
      <TopBar crumbs={crumbs} titled />
      <RefreshOn nouns={['artifact']} cursor={cursor} />
      <main id="main" tabIndex={-1} className="page">
        {all.count === 0 ? (
          <EmptyState
            icon={<FileText size={16} />}
            fact="No artifacts yet"
            actions={
              <Command
                command={'create_markdown_artifact("# Report", key="report")'}
                prompt={null}
                label="Copy call"
                className="w-full max-w-110"
              />
            }
          >
            What a run makes to be read, such as a report or a table, shows up here as it is made.
          </EmptyState>
        ) : (
          <>
            <div className="mb-3">
              <Tabs
                tabs={[
                  { label: 'By key', href: path, count: formatCount(keys.count), current: by === 'key' },
                  {
                    label: 'All',
                    href: hrefWith(path, { view: 'all' }),
                    count: formatCount(all.count),
                    current: by === 'one',
                  },
                ]}
              />
            </div>
            <div className="mb-2">
              <NameSearch key={by} path={path} label="Artifact key" value={like} />
            </div>
            {shown.rows.length === 0 ? (
              <EmptyState
                icon={<ListFilter size={16} />}
                fact={
                  like === null
                    ? page > 1
                      ? 'No more artifacts'
                      : 'No artifact has a key'
                    : `No key like ${like}`
                }
                actions={
                  <ButtonLink
                    href={hrefWith(path, { view: by === 'key' && like === null ? 'all' : view })}
                    size="sm"
                    kind="ghost"
                  >
                    {like === null ? 'Show all artifacts' : 'Clear filters'}
                  </ButtonLink>
                }
              />
            ) : (
              <>
                <ArtifactRows base={base} rows={shown.rows} by={by} />
                <Pager {...turns(path, { view, name: like }, page, pageSize, shown.count)}>
                  {by === 'key' ? 'By key.' : 'Newest first.'} {formatCount(shown.count)}{' '}
                  {by === 'key'
                    ? shown.count === 1
                      ? 'key'
                      : 'keys'
                    : shown.count === 1
                      ? 'artifact'
                      : 'artifacts'}
                </Pager>
              </>
            )}
          </>
        )}
      </main>
    </>
  )
}
