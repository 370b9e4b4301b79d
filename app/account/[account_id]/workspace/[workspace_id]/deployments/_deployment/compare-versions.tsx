'use client'
import { useEffect, useState } from 'react'
import { Card } from '#app/_ui/card.tsx'
import { Select } from '#app/_ui/field.tsx'
import { sendJson } from '#app/_ui/send-json.ts'
import type { VersionListRow } from '#lib/control/console/read-deployment.ts'

interface Difference {
  readonly path: readonly string[]
  readonly kind: 'added' | 'removed' | 'changed'
  readonly from: unknown
  readonly to: unknown
}

interface CompareVersionsProps {
  /** Of the versions of this deployment, in the API. */
  readonly address: string
  readonly rows: readonly VersionListRow[]
}

/** What changed from one version to another. */
export function CompareVersions({ address, rows }: CompareVersionsProps) {
  const [from, setFrom] = useState(rows[1]?.id ?? rows[0]?.id ?? '')
  const [to, setTo] = useState(rows[0]?.id ?? '')
  return (
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
