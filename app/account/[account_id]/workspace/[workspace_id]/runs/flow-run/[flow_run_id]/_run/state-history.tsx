'use client'
import { StateLabel } from '#app/_ui/state.tsx'
import { Time, Told } from '#app/_ui/time.tsx'
import { formatDuration } from '#app/_ui/times.ts'
import type { StateRow } from '#lib/control/console/rows.ts'

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
    <table className="t flush">
      <caption className="sr-only">State history</caption>
      <colgroup>
        <col style={{ width: 160 }} />
        <col style={{ width: 132 }} />
        <col style={{ width: 84 }} className="max-sm:hidden" />
        <col className="max-sm:hidden" />
      </colgroup>
      <thead>
        <tr>
          <th scope="col">State</th>
          <th scope="col">Entered</th>
          <th scope="col" className="num max-sm:hidden">
            Lasted
          </th>
          <th scope="col" className="max-sm:hidden">
            Message
          </th>
        </tr>
      </thead>
      <tbody>
        {all.map((state, index) => {
          const next = all[index + 1]
          return (
            <tr key={`${state.at}-${state.id}`}>
              <td>
                <StateLabel type={state.type} name={state.name} />
              </td>
              <td className="text-ink-2">
                <Time at={state.at} />
              </td>
              <td className="num text-ink-2 max-sm:hidden">
                {next ? (
                  formatDuration((Date.parse(next.at) - Date.parse(state.at)) / 1000)
                ) : (
                  <span className="text-ink-3">–</span>
                )}
              </td>
              <td className="text-ink-2 max-sm:hidden" title={state.message || undefined}>
                {state.message ? (
                  <Told text={state.message} at={state.at} />
                ) : (
                  <span className="text-ink-3">None</span>
                )}
              </td>
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}
