import type { ReactNode } from 'react'
import { prettyLossless } from '#app/_forms/schema.ts'
import { Card } from '#app/_ui/card.tsx'
import { Command } from '#app/_ui/command.tsx'
import { Time } from '#app/_ui/time.tsx'
import type { DeploymentRow } from '#lib/db/rows/deployment.ts'
import { parseLossless } from '#lib/domain/lossless-json.ts'

/** Where the code comes from and what it is started with. */
export function Configuration({ deployment }: { readonly deployment: DeploymentRow }) {
  const labels = Object.entries(deployment.labels)
  return (
    <div className="grid grid-cols-1 items-start gap-4 lg:grid-cols-2">
      <Card title="Code">
        <dl className="grid grid-cols-1 gap-3 p-4">
          <Row name="Entrypoint">{mono(deployment.entrypoint)}</Row>
          <Row name="Path">{mono(deployment.path)}</Row>
          <Row name="Version">{mono(deployment.version)}</Row>
          {deployment.manifestPath ? <Row name="Manifest">{mono(deployment.manifestPath)}</Row> : null}
          {deployment.branch ? <Row name="Branch">{mono(deployment.branch)}</Row> : null}
          <Row name="Pull steps">{deployment.pullSteps ? <Json text={deployment.pullSteps} /> : none}</Row>
        </dl>
      </Card>
      <Card title="Job variables">
        <div className="p-4">
          {deployment.jobVariables === '{}' ? (
            <p className="text-ink-3">None: its runs take the defaults of the work pool.</p>
          ) : (
            <Json text={deployment.jobVariables} />
          )}
        </div>
      </Card>
      <Card title="About">
        <dl className="grid grid-cols-1 gap-3 p-4">
          <Row name="Made">
            <Time at={deployment.createdAt} />
            {deployment.createdBy?.display_value ? ` by ${deployment.createdBy.display_value}` : ''}
          </Row>
          <Row name="Changed">
            <Time at={deployment.updatedAt} />
            {deployment.updatedBy?.display_value ? ` by ${deployment.updatedBy.display_value}` : ''}
          </Row>
          {labels.length > 0 ? (
            <Row name="Labels">
              {labels.map(([key, value]) => (
                <span key={key} className="block font-mono text-xs [overflow-wrap:anywhere]">
                  {key} = {String(value)}
                </span>
              ))}
            </Row>
          ) : null}
          <Row name="Deployment ID">
            <Command command={deployment.id} prompt={null} label="Copy deployment ID" />
          </Row>
        </dl>
      </Card>
      <Card title="From the terminal">
        <div className="grid grid-cols-1 gap-2 p-4">
          <Command command={`prefect deployment run '${deployment.flowName}/${deployment.name}'`} />
          <Command command={`rigel deployment run '${deployment.flowName}/${deployment.name}'`} />
        </div>
      </Card>
    </div>
  )
}

const none = <span className="text-ink-3">None</span>
const mono = (text: string | null): ReactNode =>
  text === null || text === '' ? (
    none
  ) : (
    <span className="font-mono text-xs [overflow-wrap:anywhere]">{text}</span>
  )

function Row({ name, children }: { readonly name: string; readonly children: ReactNode }) {
  return (
    <div className="min-w-0">
      <dt className="text-2xs text-ink-3">{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

const Json = ({ text }: { readonly text: string }) => (
  <pre className="max-h-100 overflow-auto whitespace-pre-wrap font-mono text-xs leading-[18px] [overflow-wrap:anywhere]">
    {prettyLossless(parseLossless(text))}
  </pre>
)
