'use client'
import { GitCompare, RotateCcw } from 'lucide-react'
import dynamic from 'next/dynamic'
import { useRouter } from 'next/navigation'
import { useEffect, useState } from 'react'
import { apiOf } from '#app/_ui/api-path.ts'
import { Button } from '#app/_ui/button.tsx'
import { Card } from '#app/_ui/card.tsx'
import { EmptyState } from '#app/_ui/empty.tsx'
import { Select } from '#app/_ui/field.tsx'
import { sendJson } from '#app/_ui/send-json.ts'
import { Tag } from '#app/_ui/tag.tsx'
import { Time } from '#app/_ui/time.tsx'
import { toastDone } from '#app/_ui/toaster.tsx'
import type { VersionListRow } from '#lib/control/console/read-deployment.ts'

const ConfirmDialog = dynamic(() => import('#app/_ui/confirm-dialog.tsx').then((file) => file.ConfirmDialog))

interface VersionsProps {
  readonly base: string
  readonly deploymentId: string
  readonly rows: readonly VersionListRow[]
  readonly mayWrite: boolean
}

interface Difference {
  readonly path: readonly string[]
  readonly kind: 'added' | 'removed' | 'changed'
  readonly from: unknown
  readonly to: unknown
}

export function Versions({ base, deploymentId, rows, mayWrite }: VersionsProps) {
  const router = useRouter()
  const current = rows.find((row) => row.isCurrent) ?? rows[0]
  const [from, setFrom] = useState(rows[1]?.id ?? rows[0]?.id ?? '')
  const [to, setTo] = useState(rows[0]?.id ?? '')
  const [asked, setAsked] = useState<VersionListRow | null>(null)
  const address = `${apiOf(base)}/deployments/${deploymentId}/versions`
  if (!current) {
    return (
      <EmptyState icon={<GitCompare size={16} />} fact="No versions">
        Each time that it is deployed anew, what it was is kept here.
      </EmptyState>
    )
  }
  return (
    <div className="grid grid-cols-1 items-start gap-4 lg:grid-cols-2">
      <table className="t flush">
        <caption className="sr-only">Versions</caption>
        <colgroup>
          <col style={{ width: 64 }} />
          <col />
          <col style={{ width: 132 }} />
          <col style={{ width: 110 }} />
        </colgroup>
        <thead>
          <tr>
            <th scope="col">Number</th>
            <th scope="col">Version</th>
            <th scope="col">Deployed</th>
            <th scope="col">
              <span className="sr-only">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.id}>
              <td className="text-ink-2">{row.number}</td>
              <td title={row.version ?? undefined}>
                <span className="flex min-w-0 items-center gap-2">
                  <span className="truncate font-mono text-xs">{row.version ?? 'Without a name'}</span>
                  {row.isCurrent ? <Tag>now</Tag> : null}
                </span>
              </td>
              <td className="text-ink-2" title={row.by ?? undefined}>
                <Time at={row.at} />
              </td>
              <td className="num">
                {mayWrite && !row.isCurrent ? (
                  <Button size="sm" onClick={() => setAsked(row)}>
                    <RotateCcw aria-hidden size={14} />
                    Roll back
                  </Button>
                ) : null}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <Card title="Compare">
        <div className="p-4">
          <div className="mb-3 flex items-center gap-2">
            <Pick label="From version" rows={rows} value={from} onChange={setFrom} />
            <span className="text-ink-3">to</span>
            <Pick label="To version" rows={rows} value={to} onChange={setTo} />
          </div>
          {from === to ? (
            <p className="text-ink-3">
              {rows.length === 1 ? 'There is one version so far.' : 'Choose two versions.'}
            </p>
          ) : (
            <Differences address={`${address}/diff?from=${from}&to=${to}`} />
          )}
        </div>
      </Card>
      {asked ? (
        <ConfirmDialog
          title={`Roll back to version ${asked.number}?`}
          description={`Code, parameters, tags and job variables become what they were${asked.by ? ` when ${asked.by} deployed it` : ''}. Schedules, pausing and limits stay. Runs that were made ahead are made anew; what runs goes on. Version ${current.number} stays in the list.`}
          verb="Roll back"
          busyVerb="Rolling back…"
          keep="Close"
          onClose={() => setAsked(null)}
          onConfirm={async () => {
            const sent = await sendJson('POST', `${address}/${asked.id}/rollback`, {})
            if (!sent.ok) return `It was not rolled back: ${sent.reason}`
            toastDone(`It is version ${asked.number} again.`)
            router.refresh()
            return null
          }}
        />
      ) : null}
    </div>
  )
}

function Pick({
  label,
  rows,
  value,
  onChange,
}: {
  readonly label: string
  readonly rows: readonly VersionListRow[]
  readonly value: string
  readonly onChange: (id: string) => void
}) {
  return (
    <Select
      aria-label={label}
      value={value}
      className="max-w-45"
      onChange={(event) => onChange(event.target.value)}
    >
      {rows.map((row) => (
        <option key={row.id} value={row.id}>
          {row.number}
          {row.version ? ` · ${row.version.slice(0, 24)}` : ''}
        </option>
      ))}
    </Select>
  )
}

const kindWords = { added: 'Added', removed: 'Removed', changed: 'Changed' } as const

function Differences({ address }: { readonly address: string }) {
  const [shown, setShown] = useState<readonly Difference[] | null>(null)
  const [fault, setFault] = useState<string | null>(null)
  useEffect(() => {
    let current = true
    void sendJson<{ readonly differences: readonly Difference[] }>('GET', address).then((sent) => {
      if (!current) return
      setFault(sent.ok ? null : sent.reason)
      if (sent.ok) setShown(sent.body.differences)
    })
    return () => {
      current = false
    }
  }, [address])
  if (fault) return <p className="text-state-fail-fg text-xs">They could not be compared: {fault}</p>
  if (!shown) return <p className="text-ink-3">Comparing…</p>
  if (shown.length === 0) return <p className="text-ink-3">They are the same.</p>
  return (
    <ul className="grid gap-3">
      {shown.map((each) => (
        <li key={each.path.join('.')}>
          <p className="mb-1">
            <span className="text-ink-3">{kindWords[each.kind]}</span>{' '}
            <code className="font-mono text-xs [overflow-wrap:anywhere]">{each.path.join('.')}</code>
          </p>
          {each.kind === 'added' ? null : <Side family="fail" sign="−" value={each.from} />}
          {each.kind === 'removed' ? null : <Side family="good" sign="+" value={each.to} />}
        </li>
      ))}
    </ul>
  )
}

function Side({
  family,
  sign,
  value,
}: {
  readonly family: 'fail' | 'good'
  readonly sign: string
  readonly value: unknown
}) {
  return (
    <pre
      data-family={family}
      className="max-h-60 overflow-auto whitespace-pre-wrap bg-(--tint) px-2 py-1 font-mono text-xs leading-[18px] [overflow-wrap:anywhere]"
    >
      <span className="select-none text-(--fg)">{sign} </span>
      {typeof value === 'string' ? value : JSON.stringify(value, null, 2)}
    </pre>
  )
}
