import { Braces } from 'lucide-react'
import { kindWords, readSchema, valueWords } from '#app/_forms/schema.ts'
import { EmptyState } from '#app/_ui/empty.tsx'
import { Table } from '#app/_ui/table.tsx'
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
      <Table
        caption="Parameters"
        columns={[
          { head: 'Name', width: 'w-1/4' },
          { head: 'Type', width: 140 },
          { head: 'Value of a run' },
          { head: 'Description', width: 'w-1/4', from: 'lg' },
        ]}
      >
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
              <td className="end text-ink-2">
                {field ? kindWords[field.kind] : <span className="text-ink-3">Unknown</span>}
              </td>
              <td
                className="whole font-mono text-xs"
                title={value === undefined ? undefined : valueWords(value)}
              >
                {value !== undefined ? (
                  valueWords(value)
                ) : field?.fallback !== undefined ? (
                  <span className="text-ink-3">{valueWords(field.fallback)} (default)</span>
                ) : (
                  <span className="font-sans text-ink-3">None</span>
                )}
              </td>
              <td className="hide text-ink-3 max-lg:hidden" title={field?.description ?? undefined}>
                {field?.description ?? '–'}
              </td>
            </tr>
          )
        })}
      </Table>
      <p className="py-2.5 text-ink-3 text-xs">
        {deployment.enforceParameterSchema
          ? 'A run whose parameters do not fit the schema is refused.'
          : 'Parameters are not checked against the schema.'}
      </p>
    </>
  )
}
