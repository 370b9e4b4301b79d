import type { ReactNode } from 'react'
import { enter, type WorkspaceParams } from '#app/_server/enter.ts'
import { SettingsNav } from './settings-nav.tsx'

interface Props {
  readonly params: Promise<WorkspaceParams>
  readonly children: ReactNode
}

export default async function SettingsLayout({ params, children }: Props) {
  const { base, place } = await enter(params)
  return (
    <SettingsNav base={base} workspace={place.handle}>
      {children}
    </SettingsNav>
  )
}
