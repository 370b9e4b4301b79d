import {
  Box,
  CircleHelp,
  FileText,
  Gauge,
  ListFilter,
  type LucideIcon,
  Rocket,
  Server,
  Settings,
  Variable,
  Workflow,
} from 'lucide-react'

export interface NavItem {
  readonly label: string
  /** Below the workspace's address; an absolute path leaves it. */
  readonly path: string
  readonly icon: LucideIcon
  /** After g. */
  readonly key?: string
  readonly group?: 'Capacity' | 'Automate' | 'Data'
  /** Stands in the bottom bar of a phone; the others are under More. */
  readonly phone?: true
}

/** A page that exists has one line here; the sidebar, the bottom bar, the shortcuts and their sheet read it. */
export const navItems: readonly NavItem[] = [
  { label: 'Runs', path: 'runs', icon: ListFilter, key: 'r', phone: true },
  { label: 'Flows', path: 'flows', icon: Workflow, key: 'f', phone: true },
  { label: 'Deployments', path: 'deployments', icon: Rocket, key: 'd', phone: true },
  { label: 'Work pools', path: 'work-pools', icon: Server, key: 'p', group: 'Capacity' },
  { label: 'Concurrency', path: 'concurrency-limits', icon: Gauge, key: 'c', group: 'Capacity' },
  { label: 'Artifacts', path: 'artifacts', icon: FileText, group: 'Data' },
  { label: 'Variables', path: 'variables', icon: Variable, group: 'Data' },
  { label: 'Blocks', path: 'blocks', icon: Box, group: 'Data' },
]

export const footItems: readonly NavItem[] = [
  { label: 'Settings', path: 'settings', icon: Settings, key: 's' },
  { label: 'Help and docs', path: '/docs/api', icon: CircleHelp },
]

export const hrefOf = (item: NavItem, base: string): string =>
  item.path.startsWith('/') ? item.path : `${base}/${item.path}`

/** The part of an address after the workspace: which kind of page this is. */
export function sectionOf(pathname: string): string {
  const section = pathname.split('/')[5] ?? ''
  // Queues are shown with their pools.
  return section === 'work-queues' ? 'work-pools' : section
}

/** The same kind of page in another workspace; a single thing exists only in its own. */
export function samePageIn(base: string, pathname: string): string {
  const [, , , , , section, part] = pathname.split('/')
  if (section === 'settings' && part) return `${base}/settings/${part}`
  const known = [...navItems, ...footItems].some((item) => item.path === section)
  return known ? `${base}/${section}` : base
}
