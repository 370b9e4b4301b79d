import type { Metadata } from 'next'
import { LiveTopicOf } from '#app/_live/live.tsx'
import { enter, type WorkspaceParams } from '#app/_server/enter.ts'
import { found } from '#app/_server/found.ts'
import { Command } from '#app/_ui/command.tsx'
import { PageHeader } from '#app/_ui/page-header.tsx'
import { readProfile } from '#lib/control/console/read-profile.ts'
import { ThemeChoice } from './theme-choice.tsx'

export const metadata: Metadata = { title: 'Profile' }

export default async function ProfilePage({ params }: { readonly params: Promise<WorkspaceParams> }) {
  const { ctx } = await enter(params)
  const profile = await found(readProfile(ctx))
  return (
    <>
      <LiveTopicOf topic="runs" />
      <PageHeader title="Profile" sub="Name and e-mail address come from your sign-in and follow it." />
      <dl className="grid max-w-130 gap-4">
        <div>
          <dt className="mb-1.5 font-medium">Name</dt>
          <dd>{profile?.name || '–'}</dd>
        </div>
        <div>
          <dt className="mb-1.5 font-medium">Handle</dt>
          <dd className="font-mono text-xs">{profile?.handle}</dd>
        </div>
        <div>
          <dt className="mb-1.5 font-medium">E-mail address</dt>
          <dd>{profile?.email ?? 'None, or not public'}</dd>
        </div>
        <div>
          <dt className="mb-1.5 font-medium">User ID</dt>
          <dd>
            <Command command={profile?.id ?? ''} prompt={null} label="Copy user ID" />
          </dd>
        </div>
        <div>
          <dt className="mb-1.5 font-medium">Theme</dt>
          <dd>
            <ThemeChoice />
          </dd>
        </div>
      </dl>
    </>
  )
}
