'use client'
import { StateLabel } from '#app/_ui/state.tsx'
import { Table } from '#app/_ui/table.tsx'
import { Time, Told } from '#app/_ui/time.tsx'
import { formatDuration } from '#app/_ui/times.ts'
import type { StateRow } from '#lib/control/console/rows.ts'

const columns = [
  { head: 'State', width: 160 },
  { head: 'Entered', width: 132 },
  { head: 'Lasted', width: 84, num: true, from: 'sm' },
  { head: 'Message', from: 'sm' },
] as const

/** States in their order, with how long each lasted. */
export function StateHistory({
  states,
  newer,
}: {
  readonly states: readonly StateRow[]
  readonly newer: readonly StateRow[]
}) {
  const known = new Set(states.map((state) => `${state.at}-${state.type}`))
  const all = [...states, ...newer.filter((state) => !known.has(`${state.at}-${state.type}`))]
  return (
    <Table caption="State history" columns={columns}>
      {all.map((state, index) => {
        const next = all[index + 1]
        return (
          <tr key={`${state.at}-${state.id}`}>
            <td>
              <StateLabel type={state.type} name={state.name} />
            </td>
            <td className="end text-ink-2">
              <Time at={state.at} />
            </td>
            <td className="num hide text-ink-2">
              {next ? (
                formatDuration((Date.parse(next.at) - Date.parse(state.at)) / 1000)
              ) : (
                <span className="text-ink-3">–</span>
              )}
            </td>
            <td
              className={`text-ink-2 ${state.message ? 'whole max-sm:whitespace-normal' : 'hide'}`}
              title={state.message || undefined}
            >
              {state.message ? (
                <Told text={state.message} at={state.at} />
              ) : (
                <span className="text-ink-3">None</span>
              )}
            </td>
          </tr>
        )
      })}
    </Table>
  )
}
