import { Braces } from 'lucide-react'
import { CopyButton } from '#app/_ui/copy-button.tsx'
import { EmptyState } from '#app/_ui/empty.tsx'
import { membersOf, prettyJson } from './json-members.ts'

/** A run's parameters as they were sent: name and exact value. */
export function Parameters({ json }: { readonly json: string }) {
  const members = membersOf(json)
  if (members === null || members.length === 0) {
    return (
      <div className="pt-4">
        <EmptyState icon={<Braces size={16} />} fact="No parameters">
          This run was called without any.
        </EmptyState>
      </div>
    )
  }
  return (
    <>
      <table className="t flush">
        <caption className="sr-only">Parameters</caption>
        <colgroup>
          <col className="w-2/5 sm:w-60" />
          <col />
        </colgroup>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Value</th>
          </tr>
        </thead>
        <tbody>
          {members.map(({ name, value }) => (
            <tr key={name} className="align-top">
              <td className="py-2 font-mono text-xs" title={name}>
                {name}
              </td>
              <td className="py-2 text-xs">
                <pre className="max-h-80 overflow-auto whitespace-pre-wrap font-mono leading-[18px] [overflow-wrap:anywhere]">
                  {prettyJson(value)}
                </pre>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="py-2">
        <CopyButton text={json} label="Copy parameters as JSON" kind="plain">
          Copy as JSON
        </CopyButton>
      </p>
    </>
  )
}
