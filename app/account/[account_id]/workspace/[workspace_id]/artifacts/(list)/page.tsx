import { FileText } from 'lucide-react'
import type { Metadata } from 'next'
import { RefreshOn } from '#app/_live/refresh-on.tsx'
import { hrefWith } from '#app/_server/query.ts'
import { Command } from '#app/_ui/command.tsx'
import { type ListProps, listPage } from '#app/_ui/list-page.tsx'
import { Tabs } from '#app/_ui/tabs.tsx'
import { formatCount } from '#app/_ui/times.ts'
import { listArtifacts } from '#lib/control/console/list-artifacts.ts'
import { ArtifactRows } from '../_artifact/artifact-rows.tsx'

export const metadata: Metadata = { title: 'Artifacts' }

const about = {
  title: 'Artifacts',
  section: 'artifacts',
  nouns: ['artifact', 'artifacts'],
  needs: 'see_artifacts',
} as const

export default function ArtifactsPage(props: ListProps) {
  return listPage(props, about, async ({ entered, asked, path, name, bounds }) => {
    const { ctx, base, cursor } = entered
    const by = asked.view === 'all' ? 'one' : 'key'
    const everything = hrefWith(path, { view: 'all' })
    const [{ rows, count }, keys, all] = await Promise.all([
      listArtifacts(ctx, { by, like: name, ...bounds }),
      listArtifacts(ctx, { by: 'key', pageSize: 0, offset: 0 }),
      listArtifacts(ctx, { by: 'one', pageSize: 0, offset: 0 }),
    ])
    return {
      live: <RefreshOn nouns={['artifact']} cursor={cursor} />,
      tabs: (
        <Tabs
          tabs={[
            { label: 'By key', href: path, count: formatCount(keys.count), current: by === 'key' },
            { label: 'All', href: everything, count: formatCount(all.count), current: by === 'one' },
          ]}
        />
      ),
      searchLabel: 'Artifact key',
      filters: { name },
      view: { view: by === 'one' ? 'all' : null },
      count,
      order: by === 'key' ? 'By key.' : 'Newest first.',
      ...(by === 'key' ? { rowNouns: ['key', 'keys'] as const } : {}),
      isBare: all.count === 0,
      nothingYet: {
        icon: <FileText size={16} />,
        says: 'What a run makes to be read, such as a report or a table, shows up here as it is made.',
        actions: (
          <Command
            command={'create_markdown_artifact("# Report", key="report")'}
            prompt={null}
            label="Copy call"
            className="w-full max-w-110"
          />
        ),
      },
      noMatch:
        name !== null
          ? `No key like ${name}`
          : bounds.offset > 0
            ? 'No more artifacts'
            : 'No artifact has a key',
      wayOn:
        name === null
          ? { href: everything, words: 'Show all artifacts' }
          : { href: by === 'key' ? path : everything, words: 'Clear filters' },
      table: rows.length === 0 ? null : <ArtifactRows base={base} rows={rows} by={by} />,
    }
  })
}
