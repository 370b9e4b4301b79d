'use client'
import { KeyRound, Plus, RotateCw, Trash2 } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { useRef, useState } from 'react'
import { Button } from '#app/_ui/button.tsx'
import { useNowMs } from '#app/_ui/clock.tsx'
import { DotsMenu } from '#app/_ui/dots-menu.tsx'
import { EmptyState } from '#app/_ui/empty.tsx'
import { lateDialog } from '#app/_ui/late-dialog.tsx'
import type { NewKey } from '#app/_ui/login-commands.ts'
import { MenuItem, MenuRule } from '#app/_ui/menu.tsx'
import { PageHeader } from '#app/_ui/page-header.tsx'
import { useRowFocus } from '#app/_ui/row-focus.ts'
import { Table } from '#app/_ui/table.tsx'
import { Time } from '#app/_ui/time.tsx'
import type { ApiKeyRow } from '#lib/control/console/list-api-keys.ts'
import type { WorkspaceRole } from '#lib/domain/access/actor.ts'
import { expiryOf } from './expiry.ts'
import { roleWords } from './roles.ts'

// Dialogs come when they are opened.
const GenerateDialog = lateDialog(() => import('./generate-dialog.tsx').then((file) => file.GenerateDialog))
const RevokeDialog = lateDialog(() => import('./revoke-dialog.tsx').then((file) => file.RevokeDialog))
const RollDialog = lateDialog(() => import('./roll-dialog.tsx').then((file) => file.RollDialog))
const ShownOnceDialog = lateDialog(() =>
  import('./shown-once-dialog.tsx').then((file) => file.ShownOnceDialog),
)

export interface HereWorkspace {
  readonly id: string
  readonly slug: string
}

interface ApiKeysProps {
  readonly keys: readonly ApiKeyRow[]
  readonly origin: string
  readonly here: HereWorkspace
  readonly ownRole: WorkspaceRole
  readonly slugs: Readonly<Record<string, string>>
}

type Open =
  | { readonly kind: 'generate' }
  | {
      readonly kind: 'shown'
      readonly key: NewKey
      readonly sentence: string
      readonly allWorkspaces: boolean
    }
  | { readonly kind: 'roll'; readonly row: ApiKeyRow }
  | { readonly kind: 'revoke'; readonly row: ApiKeyRow }

const columns = [
  { head: 'Name' },
  { head: 'Key', width: 112 },
  { head: 'Role', width: 92, from: 'wide' },
  { head: 'Workspaces', width: 160, from: 'xl' },
  { head: 'Last used', width: 160, from: 'xl' },
  { head: 'Expires', width: 132 },
  { head: 'Created', width: 104, from: 'wide' },
  { head: 'Actions', unseen: true, width: 44 },
] as const

export function ApiKeys({ keys, origin, here, ownRole, slugs }: ApiKeysProps) {
  const router = useRouter()
  const [open, setOpen] = useState<Open | null>(null)
  const generate = useRef<HTMLButtonElement>(null)
  const table = useRef<HTMLTableElement>(null)
  useRowFocus(
    table,
    keys.map((key) => key.id),
    generate,
  )
  const close = () => setOpen(null)
  const show = (key: NewKey, sentence: string, allWorkspaces: boolean) => {
    setOpen({ kind: 'shown', key, sentence, allWorkspaces })
    router.refresh()
  }
  const where = (row: ApiKeyRow): string =>
    row.workspaceId === null ? 'All my workspaces' : (slugs[row.workspaceId] ?? 'A workspace you left')

  return (
    <>
      <PageHeader
        title="API keys"
        sub="A key acts as you, with the role you give it."
        actions={
          <Button ref={generate} kind="primary" onClick={() => setOpen({ kind: 'generate' })}>
            <Plus aria-hidden size={14} />
            Generate key
          </Button>
        }
      />
      {keys.length === 0 ? (
        <EmptyState icon={<KeyRound size={16} />} fact="No API keys">
          A key lets a terminal, a worker or a script act as you. Generate one and paste the line it comes
          with.
        </EmptyState>
      ) : (
        <Table ref={table} caption="Your API keys" columns={columns}>
          {keys.map((row) => (
            <tr key={row.id}>
              <td className="font-medium" title={row.name}>
                {row.name}
              </td>
              <td className="end">
                <code className="font-mono text-ink-2 text-xs">{row.maskedKey}</code>
              </td>
              <td className="hide text-ink-2 max-wide:hidden">{row.role ? roleWords[row.role] : 'Mine'}</td>
              <td className="hide text-ink-2 max-xl:hidden" title={where(row)}>
                {where(row)}
              </td>
              <td className="hide text-ink-2 max-xl:hidden" title={row.lastUsedBy ?? undefined}>
                {row.lastUsedAt === null ? (
                  'Never'
                ) : (
                  <>
                    <Time at={row.lastUsedAt} />
                    {row.lastUsedBy ? (
                      <span className="text-ink-3"> {clientWord(row.lastUsedBy)}</span>
                    ) : null}
                  </>
                )}
              </td>
              <td className="text-ink-2">
                <Expiry row={row} />
              </td>
              <td className="hide text-ink-3 max-wide:hidden">
                <Time at={row.createdAt} as="day" />
              </td>
              <td className="end sm:p-0!">
                <DotsMenu of={row.name}>
                  <MenuItem onSelect={() => setOpen({ kind: 'roll', row })}>
                    <RotateCw aria-hidden size={14} /> Roll key
                  </MenuItem>
                  <MenuRule />
                  <MenuItem danger onSelect={() => setOpen({ kind: 'revoke', row })}>
                    <Trash2 aria-hidden size={14} /> Revoke key
                  </MenuItem>
                </DotsMenu>
              </td>
            </tr>
          ))}
        </Table>
      )}
      {open?.kind === 'generate' ? (
        <GenerateDialog here={here} ownRole={ownRole} onClose={close} onGenerated={show} />
      ) : null}
      {open?.kind === 'shown' ? (
        <ShownOnceDialog
          newKey={open.key}
          sentence={open.sentence}
          origin={origin}
          {...(open.allWorkspaces ? { workspaceSlug: here.slug } : {})}
          onClose={close}
        />
      ) : null}
      {open?.kind === 'roll' ? <RollDialog row={open.row} onClose={close} onRolled={show} /> : null}
      {open?.kind === 'revoke' ? (
        <RevokeDialog
          row={open.row}
          onClose={close}
          onRevoked={() => {
            close()
            router.refresh()
          }}
        />
      ) : null}
    </>
  )
}

/** `prefect/3.8.8 (API …)` → `prefect/3.8.8`. */
const clientWord = (userAgent: string): string => userAgent.split(/[\s(]/)[0] ?? userAgent

function Expiry({ row }: { readonly row: ApiKeyRow }) {
  const nowMs = useNowMs()
  // On a phone there is no head above it.
  if (row.expiresAt === null)
    return (
      <>
        Never <span className="sm:hidden">expires</span>
      </>
    )
  const { tone, words } = expiryOf(Date.parse(row.expiresAt), nowMs)
  if (tone === 'far')
    return (
      <>
        <span className="sm:hidden">Expires </span>
        <Time at={row.expiresAt} as="day" />
      </>
    )
  return (
    <span
      data-family={tone === 'past' ? 'fail' : 'late'}
      className="text-(--fg)"
      title={row.replaced ? 'Rolled into a new key' : undefined}
    >
      {tone === 'past' ? (
        <>
          Expired <Time at={row.expiresAt} as="day" />
        </>
      ) : (
        <>
          <span className="sm:hidden">Expires </span>
          {words}
        </>
      )}
    </span>
  )
}
