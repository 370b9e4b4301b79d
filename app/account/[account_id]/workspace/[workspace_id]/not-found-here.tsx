'use client'
import { usePathname } from 'next/navigation'
import { LiveTopicOf } from '#app/_live/live.tsx'
import { navItems } from '#app/_shell/nav.ts'
import { TopBar } from '#app/_shell/top-bar.tsx'
import { partOf } from '#app/_ui/address.ts'
import { ButtonLink } from '#app/_ui/button-link.tsx'
import { Command } from '#app/_ui/command.tsx'
import { BrokenConstellation, FullPage } from '#app/_ui/empty.tsx'
import { ownMember } from '#lib/domain/own-member.ts'
import { type Told, Whereabouts } from './whereabouts.tsx'

interface Named {
  readonly noun: string
  /** The list that it would be in. */
  readonly list: string
  readonly words: string
  /** What events call it; absent where none are kept of it. */
  readonly told?: Told
}

/** What an address names, by the part before the id. */
const nouns: Readonly<Record<string, Named>> = {
  'flow-run': { noun: 'run', list: 'runs', words: 'Open runs', told: { noun: 'flow-run' } },
  'task-run': { noun: 'task run', list: 'runs', words: 'Open runs', told: { noun: 'task-run' } },
  flow: { noun: 'flow', list: 'flows', words: 'Open flows', told: { noun: 'flow' } },
  artifact: { noun: 'artifact', list: 'artifacts', words: 'Open artifacts' },
  key: { noun: 'artifact', list: 'artifacts', words: 'Open artifacts' },
  block: { noun: 'block', list: 'blocks', words: 'Open blocks', told: { noun: 'block-document' } },
  deployment: {
    noun: 'deployment',
    list: 'deployments',
    words: 'Open deployments',
    told: { noun: 'deployment' },
  },
  'work-pool': {
    noun: 'work pool',
    list: 'work-pools',
    words: 'Open work pools',
    told: { noun: 'work-pool', byName: true },
  },
  'work-queue': {
    noun: 'work queue',
    list: 'work-pools',
    words: 'Open work pools',
    told: { noun: 'work-queue' },
  },
  'concurrency-limit': {
    noun: 'limit',
    list: 'concurrency-limits',
    words: 'Open concurrency',
    told: { noun: 'concurrency-limit' },
  },
}

const byName = new Set(['work-pool', 'key'])

/** Says what and where it looked; never whether it exists elsewhere. */
export function NotFoundHere() {
  const [, , account, , workspace, section = '', part = '', id] = usePathname().split('/')
  const base = `/account/${account}/workspace/${workspace}`
  const known = ownMember(nouns, part)
  const home = navItems.find((item) => item.path === section)
  const list = known ?? { noun: 'page', list: 'runs', words: 'Open runs' }
  return (
    <>
      <LiveTopicOf topic="runs" />
      <TopBar
        crumbs={[
          ...(home ? [{ label: home.label, href: `${base}/${home.path}` }] : []),
          { label: 'Not found' },
        ]}
      />
      <main id="main" tabIndex={-1} className="page">
        <FullPage
          picture={<BrokenConstellation />}
          title={
            known && id
              ? `No ${known.noun} with this ${byName.has(part) ? 'name' : 'ID'} in this workspace`
              : 'No page at this address'
          }
        >
          {known?.told && id ? (
            <Whereabouts base={base} told={known.told} id={partOf(id)} what={known.noun} />
          ) : (
            <p className="text-ink-2">
              {known && id
                ? 'It was deleted, or it was never here.'
                : 'The address may be mistyped, or the page has moved.'}
            </p>
          )}
          {known && id ? (
            <Command
              command={partOf(id)}
              prompt={null}
              label={byName.has(part) ? 'Copy name' : 'Copy ID'}
              className="w-full max-w-100"
            />
          ) : null}
          <ButtonLink href={`${base}/${list.list}`} kind="primary" prefetch={false}>
            {list.words}
          </ButtonLink>
        </FullPage>
      </main>
    </>
  )
}
