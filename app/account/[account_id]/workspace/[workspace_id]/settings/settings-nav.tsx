'use client'
import Link from 'next/link'
import { usePathname } from 'next/navigation'
import type { ReactNode } from 'react'
import { TopBar } from '#app/_shell/top-bar.tsx'

interface SettingsPage {
  readonly label: string
  readonly path: string
}

/** A settings page that exists has one line here. */
const groups: readonly {
  readonly title: (workspace: string) => string
  readonly pages: readonly SettingsPage[]
}[] = [
  {
    title: () => 'You',
    pages: [
      { label: 'Profile', path: 'profile' },
      { label: 'API keys', path: 'api-keys' },
    ],
  },
  { title: (workspace) => `Workspace ${workspace}`, pages: [{ label: 'General', path: 'workspace' }] },
]

export function SettingsNav({
  base,
  workspace,
  children,
}: {
  readonly base: string
  readonly workspace: string
  readonly children: ReactNode
}) {
  const section = usePathname().split('/')[6]
  const page = groups.flatMap((group) => group.pages).find((each) => each.path === section)
  return (
    <>
      <TopBar
        crumbs={[{ label: 'Settings', href: `${base}/settings` }, { label: page?.label ?? 'Settings' }]}
      />
      <main id="main" tabIndex={-1} className="page">
        <div className="grid grid-cols-1 gap-3 md:grid-cols-[168px_minmax(0,1fr)] md:gap-10">
          <nav aria-label="Settings" className="scroll-quiet max-md:flex max-md:gap-1 max-md:overflow-x-auto">
            {groups.map((group, index) => (
              <div key={group.title('')} className="max-md:contents">
                <h2
                  className={`px-2 pb-1 font-medium text-2xs text-ink-3 max-md:sr-only ${index === 0 ? '' : 'pt-3'}`}
                >
                  {group.title(workspace)}
                </h2>
                {group.pages.map((each) => (
                  <Link
                    key={each.path}
                    href={`${base}/settings/${each.path}`}
                    aria-current={each.path === section ? 'page' : undefined}
                    className="block h-7 flex-none rounded-md px-2 text-ink-2 leading-7 hover:bg-hover aria-[current]:bg-active aria-[current]:font-medium aria-[current]:text-ink max-md:h-9 max-md:leading-9"
                  >
                    {each.label}
                  </Link>
                ))}
              </div>
            ))}
          </nav>
          <div className="min-w-0">{children}</div>
        </div>
      </main>
    </>
  )
}
