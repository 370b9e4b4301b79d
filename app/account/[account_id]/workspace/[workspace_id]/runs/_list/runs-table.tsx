'use client'
import Link from 'next/link'
import { memo, useEffect, useRef } from 'react'
import { Checkbox } from '#app/_ui/field.tsx'
import { RunDuration } from '#app/_ui/run-duration.tsx'
import { RunName } from '#app/_ui/run-name.tsx'
import { RunState } from '#app/_ui/run-state.tsx'
import { Tags } from '#app/_ui/tag.tsx'
import { Time } from '#app/_ui/time.tsx'
import type { FlowRunRow } from '#lib/control/console/rows.ts'
import type { Selection } from './selection.ts'

interface RunsTableProps {
  readonly base: string
  readonly rows: readonly FlowRunRow[]
  readonly arrived?: ReadonlySet<string>
  readonly withoutFlow?: boolean
  readonly withoutDeployment?: boolean
  /** Rows can be ticked. */
  readonly selection?: Selection
}

export function RunsTable({
  base,
  rows,
  arrived,
  withoutFlow,
  withoutDeployment,
  selection,
}: RunsTableProps) {
  const table = useRef<HTMLTableElement>(null)
  useRowKeys(table, selection)
  const every = selection !== undefined && rows.length > 0 && rows.every((row) => selection.ids.has(row.id))
  return (
    <table ref={table} className={`t flush stack ${selection?.picking ? 'picking' : ''}`}>
      <caption className="sr-only">Flow runs</caption>
      <colgroup>
        {selection ? <col style={{ width: 26 }} className="max-sm:hidden" /> : null}
        <col style={{ width: 160 }} />
        <col />
        {withoutDeployment ? null : <col style={{ width: 140 }} className="max-xl:hidden" />}
        <col style={{ width: 132 }} />
        <col style={{ width: 104 }} />
        <col style={{ width: 200 }} className="max-xl:hidden" />
      </colgroup>
      <thead>
        <tr>
          {selection ? (
            <th scope="col" className="max-sm:hidden">
              <Checkbox checked={every} onChange={selection.togglePage} className="align-middle">
                <span className="sr-only">Select all runs on this page</span>
              </Checkbox>
            </th>
          ) : null}
          <th scope="col">State</th>
          <th scope="col">Run</th>
          {withoutDeployment ? null : (
            <th scope="col" className="max-xl:hidden">
              Deployment
            </th>
          )}
          <th scope="col">Started</th>
          <th scope="col" className="num edge">
            Duration
          </th>
          <th scope="col" className="max-xl:hidden">
            Tags
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <Row
            key={row.id}
            base={base}
            row={row}
            arrived={arrived?.has(row.id) ?? false}
            withoutFlow={withoutFlow ?? false}
            withoutDeployment={withoutDeployment ?? false}
            toggle={selection?.toggle}
            ticked={selection?.ids.has(row.id) ?? false}
          />
        ))}
      </tbody>
    </table>
  )
}

/** j and k go through the rows, x ticks the one that has the focus. */
function useRowKeys(table: React.RefObject<HTMLTableElement | null>, selection: Selection | undefined): void {
  const held = useRef(selection)
  held.current = selection
  const on = selection !== undefined
  useEffect(() => {
    if (!on) return
    const onKey = (event: KeyboardEvent) => {
      if (event.metaKey || event.ctrlKey || event.altKey || !(event.target instanceof Element)) return
      if (event.target.closest('input:not([type=checkbox]), textarea, select, [role=menu], [role=dialog]'))
        return
      const rows = [...(table.current?.querySelectorAll<HTMLElement>('tbody tr') ?? [])]
      const here = rows.findIndex((row) => row.contains(document.activeElement))
      const key = event.key.toLowerCase()
      if (key === 'j' || key === 'k') {
        const next = rows[here < 0 ? 0 : here + (key === 'j' ? 1 : -1)]
        next?.querySelector<HTMLElement>('.row-link')?.focus()
      } else if (key === 'x') {
        const id = rows[here]?.dataset.id
        if (id) held.current?.toggle(id, event.shiftKey)
      }
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [on, table])
}

interface RowProps {
  readonly base: string
  readonly row: FlowRunRow
  readonly arrived: boolean
  readonly withoutFlow: boolean
  readonly withoutDeployment: boolean
  readonly toggle: Selection['toggle'] | undefined
  readonly ticked: boolean
}

const Row = memo(function Row({
  base,
  row,
  arrived,
  withoutFlow,
  withoutDeployment,
  toggle,
  ticked,
}: RowProps) {
  const at = row.startAt ?? row.expectedStartAt
  return (
    <tr
      data-id={row.id}
      className={`${arrived ? 'arrived' : ''} ${ticked ? 'bg-accent-tint hover:bg-accent-tint!' : ''}`}
    >
      {toggle ? (
        <td className="pick">
          <Checkbox
            checked={ticked}
            className="above-link align-middle"
            onChange={(event) => {
              const { nativeEvent } = event
              toggle(row.id, nativeEvent instanceof MouseEvent && nativeEvent.shiftKey)
            }}
          >
            <span className="sr-only">Select {row.name}</span>
          </Checkbox>
        </td>
      ) : null}
      <td className="max-sm:order-1">
        <RunState run={row} />
      </td>
      <td className="whole max-sm:order-3">
        <Link href={`${base}/runs/flow-run/${row.id}`} className="row-link title-link flex">
          {withoutFlow ? (
            <span className="truncate font-medium">{row.name}</span>
          ) : (
            <RunName flow={row.flowName} run={row.name} />
          )}
        </Link>
      </td>
      {withoutDeployment ? null : (
        <td className="hide text-ink-2 max-xl:hidden">
          {row.deploymentName ? (
            <Link
              href={`${base}/deployments/deployment/${row.deploymentId}`}
              className="above-link title-link"
              title={row.deploymentName}
            >
              {row.deploymentName}
            </Link>
          ) : (
            <span className="text-ink-3">None</span>
          )}
        </td>
      )}
      <td className="end text-ink-2 max-sm:order-2">
        <span className="text-ink-3 text-xs sm:hidden">
          {row.startAt === null ? null : (
            <>
              <RunDuration run={row} /> ·{' '}
            </>
          )}
        </span>
        {at === null ? (
          '–'
        ) : (
          <span className={row.startAt === null ? 'text-ink-3' : undefined}>
            <Time at={at} />
          </span>
        )}
      </td>
      <td className="hide num edge">
        <RunDuration run={row} />
      </td>
      <td className="hide max-xl:hidden">
        {row.tags.length > 0 ? <Tags tags={row.tags} /> : <span className="text-ink-3">–</span>}
      </td>
    </tr>
  )
})
