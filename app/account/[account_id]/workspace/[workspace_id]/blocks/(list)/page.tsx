import { Box, Plus } from 'lucide-react'
import type { Metadata } from 'next'
import Link from 'next/link'
import { RefreshOn } from '#app/_live/refresh-on.tsx'
import { ButtonLink } from '#app/_ui/button-link.tsx'
import { Command } from '#app/_ui/command.tsx'
import { type ListProps, listPage } from '#app/_ui/list-page.tsx'
import { Table } from '#app/_ui/table.tsx'
import { Tags } from '#app/_ui/tag.tsx'
import { Ago } from '#app/_ui/time.tsx'
import { type BlockListRow, listBlocks } from '#lib/control/console/list-blocks.ts'

export const metadata: Metadata = { title: 'Blocks' }

const about = {
  title: 'Blocks',
  section: 'blocks',
  nouns: ['block', 'blocks'],
  needs: 'see_blocks',
} as const

export default function BlocksPage(props: ListProps) {
  return listPage(props, about, async ({ entered, path, name, bounds }) => {
    const { ctx, cursor } = entered
    const { rows, count } = await listBlocks(ctx, { name, typeSlug: null, ...bounds })
    const catalogue = `${path}/catalog`
    return {
      live: <RefreshOn nouns={['block-document']} cursor={cursor} />,
      tools: (
        <ButtonLink
          href={catalogue}
          kind={ctx.access.scopes.has('manage_blocks') ? 'primary' : 'plain'}
          size="sm"
        >
          <Plus aria-hidden size={14} />
          New block
        </ButtonLink>
      ),
      searchLabel: 'Block or type',
      filters: { name },
      count,
      order: 'By type and name.',
      nothingYet: {
        icon: <Box size={16} />,
        says: 'A block keeps settings and secrets that flows load by name. Secrets are sealed and never shown again.',
        actions: (
          <div className="grid w-full max-w-100 grid-cols-1 justify-items-center gap-2">
            <Command command="prefect block register -m prefect_aws" className="w-full" />
            <ButtonLink href={catalogue} size="sm" kind="ghost">
              Choose a type
            </ButtonLink>
          </div>
        ),
      },
      table: rows.length === 0 ? null : <BlockTable path={path} rows={rows} />,
    }
  })
}

function BlockTable({ path, rows }: { readonly path: string; readonly rows: readonly BlockListRow[] }) {
  return (
    <Table
      caption="Blocks"
      columns={[
        { head: 'Block' },
        { head: 'Type', width: 'w-1/4' },
        { head: 'Can', width: 'w-1/4', from: 'lg' },
        { head: 'Changed', width: 132 },
      ]}
    >
      {rows.map((row) => (
        <tr key={row.id}>
          <td>
            <Link
              href={`${path}/block/${row.id}`}
              className="row-link title-link block truncate font-medium"
              title={row.name}
            >
              {row.name}
            </Link>
          </td>
          <td className="end text-ink-2" title={row.typeName}>
            {row.typeName}
          </td>
          <td className="hide max-lg:hidden">
            {row.capabilities.length > 0 ? (
              <Tags tags={row.capabilities} most={3} />
            ) : (
              <span className="text-ink-3">–</span>
            )}
          </td>
          <td className="whole text-ink-2 max-sm:text-ink-3 max-sm:text-xs">
            <Ago at={row.updatedAt} />
          </td>
        </tr>
      ))}
    </Table>
  )
}
