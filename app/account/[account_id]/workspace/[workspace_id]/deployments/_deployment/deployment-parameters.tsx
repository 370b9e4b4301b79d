import { Braces } from 'lucide-react'
import { readSchema, valueWords } from '#app/_forms/schema.ts'
import { EmptyState } from '#app/_ui/empty.tsx'
import type { DeploymentRow } from '#lib/db/rows/deployment.ts'
import { parseLosslessObject } from '#lib/domain/lossless-json.ts'

/** What a run is called with unless it says otherwise, and what the flow takes. */
export function DeploymentParameters({ deployment }: { readonly deployment: DeploymentRow }) {
  const members = deployment.parameterOpenapiSchema ? readSchema(deployment.parameterOpenapiSchema) : []
  const values = parseLosslessObject(deployment.parameters) ?? new Map()
  const names = [...new Set([...members.map((member) => member.name), ...values.keys()])]
  if (names.length === 0) {
    return (
      <EmptyState icon={<Braces size={16} />} fact="No parameters">
        The flow takes none, or its deployment says nothing of them.
      </EmptyState>
    )
  }
  return (
    <>
      <table className="t flush">
        <caption className="sr-only">Parameters</caption>
        <colgroup>
          <col className="w-1/4" />
          <col style={{ width: 140 }} className="max-sm:hidden" />
          <col />
          <col className="w-1/3 max-lg:hidden" />
        </colgroup>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col" className="max-sm:hidden">
              Type
            </th>
            <th scope="col">Value of a run</th>
            <th scope="col" className="max-lg:hidden">
              Description
            </th>
          </tr>
        </thead>
        <tbody>
          {names.map((name) => {
            const field = members.find((member) => member.name === name)?.field
            const value = values.get(name)
            return (
              <tr key={name}>
                <td className="font-mono text-xs" title={name}>
                  {name}
                  {field?.required && field.fallback === undefined && value === undefined ? (
                    <span className="font-sans text-state-late-fg"> needed</span>
                  ) : null}
                </td>
                <td className="text-ink-2 max-sm:hidden">
                  {field ? field.kind : <span className="text-ink-3">Unknown</span>}
                </td>
                <td className="font-mono text-xs">
                  {value !== undefined ? (
                    valueWords(value)
                  ) : field?.fallback !== undefined ? (
                    <span className="text-ink-3">{valueWords(field.fallback)} (default)</span>
                  ) : (
                    <span className="font-sans text-ink-3">None</span>
                  )}
                </td>
                <td className="text-ink-3 max-lg:hidden" title={field?.description ?? undefined}>
                  {field?.description ?? '–'}
                </td>
              </tr>
            )
          })}
        </tbody>
      </table>
      <p className="py-2.5 text-ink-3 text-xs">
        {deployment.enforceParameterSchema
          ? 'A run whose parameters do not fit the schema is refused.'
          : 'Parameters are not checked against the schema.'}
      </p>
    </>
  )
}
