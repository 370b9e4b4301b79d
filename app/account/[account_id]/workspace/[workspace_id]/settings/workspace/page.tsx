import type { Metadata } from 'next'
import { LiveTopicOf } from '#app/_live/live.tsx'
import { enter, type WorkspaceParams } from '#app/_server/enter.ts'
import { pageOrigin } from '#app/_server/origin.ts'
import { Command } from '#app/_ui/command.tsx'
import { PageHeader } from '#app/_ui/page-header.tsx'
import { Time } from '#app/_ui/time.tsx'
import { formatCount } from '#app/_ui/times.ts'
import { readWorkspaceFacts } from '#lib/control/console/read-workspace-facts.ts'
import { roleWords } from '../api-keys/roles.ts'

export const metadata: Metadata = { title: 'Workspace' }

export default async function WorkspaceSettingsPage({
  params,
}: {
  readonly params: Promise<WorkspaceParams>
}) {
  const { ctx, place } = await enter(params)
  const [facts, origin] = await Promise.all([readWorkspaceFacts(ctx), pageOrigin()])
  return (
    <>
      <LiveTopicOf topic="runs" />
      <PageHeader
        title={place.name}
        sub={facts?.description || `A workspace of the account ${place.accountName}.`}
      />
      <dl className="grid max-w-160 gap-4">
        <div>
          <dt className="mb-1.5 font-medium">Handle</dt>
          <dd className="font-mono text-xs">
            {place.accountHandle}/{place.handle}
          </dd>
        </div>
        <div>
          <dt className="mb-1.5 font-medium">Your role</dt>
          <dd>{roleWords[place.role]}</dd>
        </div>
        <div>
          <dt className="mb-1.5 font-medium">Flows</dt>
          <dd>{formatCount(facts?.flows ?? 0)}</dd>
        </div>
        {facts ? (
          <div>
            <dt className="mb-1.5 font-medium">Created</dt>
            <dd>
              <Time at={facts.createdAt} as="day" />
            </dd>
          </div>
        ) : null}
        <div>
          <dt className="mb-1.5 font-medium">Workspace ID</dt>
          <dd>
            <Command command={place.id} prompt={null} label="Copy workspace ID" />
          </dd>
        </div>
        <div>
          <dt className="mb-1.5 font-medium">API address</dt>
          <dd>
            <Command
              command={`${origin}/api/accounts/${place.accountId}/workspaces/${place.id}`}
              prompt={null}
              label="Copy API address"
              wrap
            />
          </dd>
        </div>
      </dl>
    </>
  )
}
