'use client'
import { Copy, Pencil, Trash2 } from 'lucide-react'
import { useRouter } from 'next/navigation'
import { useRef, useState } from 'react'
import type { Locks } from '#app/_server/why-not.ts'
import { apiOf } from '#app/_ui/api-path.ts'
import { DotsMenu } from '#app/_ui/dots-menu.tsx'
import { ConfirmDialog } from '#app/_ui/late-confirm-dialog.tsx'
import { lateDialog } from '#app/_ui/late-dialog.tsx'
import { MenuItem, MenuRule } from '#app/_ui/menu.tsx'
import { useRowFocus } from '#app/_ui/row-focus.ts'
import { sendJson } from '#app/_ui/send-json.ts'
import { Table } from '#app/_ui/table.tsx'
import { Tags } from '#app/_ui/tag.tsx'
import { Ago } from '#app/_ui/time.tsx'
import { toastDone } from '#app/_ui/toaster.tsx'
import type { VariableRow } from '#lib/db/rows/variable.ts'

const VariableDialog = lateDialog(() => import('./variable-dialog.tsx').then((file) => file.VariableDialog))

interface VariablesTableProps {
  readonly base: string
  readonly rows: readonly VariableRow[]
  readonly locks: Locks<'write' | 'remove'>
}

type Open = { readonly kind: 'edit' | 'delete'; readonly row: VariableRow }

/** Texts without their quotes, the rest as JSON. */
const shown = (value: string): string => {
  try {
    const read: unknown = JSON.parse(value)
    return typeof read === 'string' ? read : value
  } catch {
    return value
  }
}

export function VariablesTable({ base, rows, locks }: VariablesTableProps) {
  const router = useRouter()
  const [open, setOpen] = useState<Open | null>(null)
  const table = useRef<HTMLTableElement>(null)
  useRowFocus(
    table,
    rows.map((row) => row.id),
  )
  const close = () => setOpen(null)
  const copy = async (text: string, what: string) => {
    await navigator.clipboard?.writeText(text)
    toastDone(`Copied ${what}.`)
  }
  return (
    <>
      <Table
        ref={table}
        caption="Variables"
        columns={[
          { head: 'Name', width: 'w-1/4' },
          { head: 'Value' },
          { head: 'Tags', width: 200, from: 'lg' },
          { head: 'Changed', width: 132 },
          { head: 'Actions', unseen: true, width: 44 },
        ]}
      >
        {rows.map((row) => (
          <tr key={row.id}>
            <td className="font-mono text-xs" title={row.name}>
              {locks.write === null ? (
                <button
                  type="button"
                  className="row-link title-link block max-w-full truncate font-medium"
                  onClick={() => setOpen({ kind: 'edit', row })}
                >
                  {row.name}
                </button>
              ) : (
                <span className="block truncate font-medium">{row.name}</span>
              )}
            </td>
            <td
              className="whole font-mono text-ink-2 text-xs max-sm:order-3"
              title={shown(row.value).slice(0, 1000)}
            >
              {shown(row.value).slice(0, 300) || <span className="text-ink-3">Empty text</span>}
            </td>
            <td className="hide max-lg:hidden">
              {row.tags.length > 0 ? <Tags tags={row.tags} /> : <span className="text-ink-3">–</span>}
            </td>
            <td className="end text-ink-2 max-sm:order-4 max-sm:col-span-2 max-sm:text-left! max-sm:text-ink-3 max-sm:text-xs">
              <Ago at={row.updatedAt} />
            </td>
            <td className="end sm:p-0!">
              <span className="above-link">
                <DotsMenu of={row.name}>
                  <MenuItem why={locks.write} onSelect={() => setOpen({ kind: 'edit', row })}>
                    <Pencil aria-hidden size={14} /> Change variable
                  </MenuItem>
                  <MenuItem onSelect={() => void copy(shown(row.value), 'the value')}>
                    <Copy aria-hidden size={14} /> Copy value
                  </MenuItem>
                  <MenuItem onSelect={() => void copy(`Variable.get("${row.name}")`, 'the call')}>
                    <Copy aria-hidden size={14} /> Copy call in Python
                  </MenuItem>
                  <MenuRule />
                  <MenuItem danger why={locks.remove} onSelect={() => setOpen({ kind: 'delete', row })}>
                    <Trash2 aria-hidden size={14} /> Delete variable
                  </MenuItem>
                </DotsMenu>
              </span>
            </td>
          </tr>
        ))}
      </Table>
      {open?.kind === 'edit' ? <VariableDialog base={base} row={open.row} onClose={close} /> : null}
      {open?.kind === 'delete' ? (
        <ConfirmDialog
          title={`Delete ${open.row.name}?`}
          description="Flows that read it get nothing from then on, or the fallback that they name. This cannot be undone."
          verb="Delete variable"
          busyVerb="Deleting…"
          danger
          typed={open.row.name}
          onClose={close}
          onConfirm={async () => {
            const sent = await sendJson('DELETE', `${apiOf(base)}/variables/${open.row.id}`)
            if (!sent.ok) return `It was not deleted: ${sent.reason}`
            toastDone(`Deleted ${open.row.name}.`)
            router.refresh()
            return null
          }}
        />
      ) : null}
    </>
  )
}
