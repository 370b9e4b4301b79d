import { textParams } from '#app/_server/query.ts'
import type { FlowRunPage, Place } from '#lib/control/console/list-flow-runs.ts'
import type { RunFilter } from '#lib/control/console/run-filter.ts'
import type { FlowRunChange } from '#lib/domain/change.ts'
import { type StateType, stateTypes } from '#lib/domain/state.ts'

/** What the address of the runs page says: every view is a link. */
export const ranges = ['1h', '24h', '7d', '30d', 'next', 'all'] as const
export type Range = (typeof ranges)[number]

export const rangeWords = {
  '1h': 'Last hour',
  '24h': 'Last 24 hours',
  '7d': 'Last 7 days',
  '30d': 'Last 30 days',
  next: 'Coming up',
  all: 'All time',
} as const satisfies Record<Range, string>

const rangeSeconds = {
  '1h': 3600,
  '24h': 86_400,
  '7d': 604_800,
  '30d': 2_592_000,
  next: 0,
  all: null,
} as const satisfies Record<Range, number | null>

export const defaultRange: Range = '24h'

export interface RunQuery {
  /** A stretch up to now, or one that was drawn in the plot. */
  readonly range: Range | { readonly fromAt: string; readonly toAt: string }
  /** null: all. */
  readonly states: readonly StateType[] | null
  readonly flowIds: readonly string[]
  readonly name: string | null
  readonly tags: readonly string[]
  readonly deploymentIds: readonly string[]
  readonly older?: Place
  readonly newer?: Place
}

export type SearchParams = Readonly<Record<string, string | readonly string[] | undefined>>

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
/** Longest name, most flows or tags that an address may carry. */
const maxLength = 200
const maxItems = 50

const one = (value: string | readonly string[] | undefined): string | undefined =>
  typeof value === 'string' ? value : value?.[0]

const many = (value: string | readonly string[] | undefined): string[] =>
  (one(value) ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '' && item.length <= maxLength)
    .slice(0, maxItems)

/** RFC 3339 in years that a database keeps, as UTC; undefined for everything else. */
function instant(text: string | undefined): string | undefined {
  if (!text || text.length > 40) return undefined
  const ms = Date.parse(text)
  if (Number.isNaN(ms)) return undefined
  const year = new Date(ms).getUTCFullYear()
  if (year < 1970 || year > 9998) return undefined
  // Microseconds stay as they were sent: a place in the list needs them.
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$/.test(text) ? text : new Date(ms).toISOString()
}

function place(text: string | undefined): Place | undefined {
  const [at, id] = (text ?? '').split('~')
  const known = instant(at)
  return known && id && uuid.test(id) ? { at: known, id } : undefined
}

/** Never throws: what cannot be read is left out, so an old or a mangled link still shows runs. */
export function parseRunQuery(params: SearchParams): RunQuery {
  const fromAt = instant(one(params.from))
  const toAt = instant(one(params.to))
  const range = ranges.find((each) => each === one(params.range)) ?? defaultRange
  const states = stateTypes.filter((type) => many(params.state).includes(type.toLowerCase()))
  const name = one(params.name)?.replaceAll('\0', '').trim().slice(0, maxLength)
  const older = place(one(params.older))
  const newer = place(one(params.newer))
  return {
    range: fromAt && toAt && fromAt < toAt ? { fromAt, toAt } : range,
    states: states.length === 0 || states.length === stateTypes.length ? null : states,
    flowIds: many(params.flow)
      .filter((id) => uuid.test(id))
      .map((id) => id.toLowerCase()),
    name: name || null,
    tags: textParams(params.tag),
    deploymentIds: many(params.deployment)
      .filter((id) => uuid.test(id))
      .map((id) => id.toLowerCase()),
    ...(older ? { older } : newer ? { newer } : {}),
  }
}

const placeText = ({ at, id }: Place): string => `${at}~${id}`

/** The query's address below the page: empty when it asks for nothing special. */
export function runQueryString(query: RunQuery): string {
  const params = new URLSearchParams()
  if (typeof query.range === 'object') {
    params.set('from', query.range.fromAt)
    params.set('to', query.range.toAt)
  } else if (query.range !== defaultRange) params.set('range', query.range)
  if (query.states) params.set('state', query.states.map((type) => type.toLowerCase()).join(','))
  if (query.flowIds.length > 0) params.set('flow', query.flowIds.join(','))
  if (query.name) params.set('name', query.name)
  for (const tag of query.tags) params.append('tag', tag)
  if (query.deploymentIds.length > 0) params.set('deployment', query.deploymentIds.join(','))
  if (query.older) params.set('older', placeText(query.older))
  else if (query.newer) params.set('newer', placeText(query.newer))
  const text = params.toString().replaceAll('%2C', ',').replaceAll('%3A', ':').replaceAll('%7E', '~')
  return text === '' ? '' : `?${text}`
}

/** A changed filter starts at the newest page again. */
export function withFilter(query: RunQuery, changes: Partial<Omit<RunQuery, 'older' | 'newer'>>): RunQuery {
  const { older: _, newer: __, ...rest } = query
  return { ...rest, ...changes }
}

/** Where the page of the list begins or ends, as a verb takes it. */
export const placeOf = ({ older, newer }: RunQuery): Pick<RunQuery, 'older' | 'newer'> =>
  older ? { older } : newer ? { newer } : {}

/** The addresses of the pages around one, null where there is none. */
export function turnsOf(
  path: string,
  query: RunQuery,
  { rows, hasNewer, hasOlder }: Pick<FlowRunPage, 'rows' | 'hasNewer' | 'hasOlder'>,
): { readonly previousHref: string | null; readonly nextHref: string | null } {
  const to = (side: 'newer' | 'older', row: FlowRunPage['rows'][number] | undefined): string | null =>
    row?.expectedStartAt
      ? `${path}${runQueryString({ ...withFilter(query, {}), [side]: { at: row.expectedStartAt, id: row.id } })}`
      : null
  return {
    previousHref: hasNewer ? to('newer', rows[0]) : null,
    nextHref: hasOlder ? to('older', rows.at(-1)) : null,
  }
}

export const isFirstPage = (query: RunQuery): boolean => !query.older && !query.newer

export function filterOf(query: RunQuery, nowMs: number): RunFilter {
  const { range, states, flowIds, name, tags, deploymentIds } = query
  if (typeof range === 'object')
    return {
      fromAt: range.fromAt,
      toAt: range.toAt,
      states,
      flowIds,
      name,
      tags,
      deploymentIds,
      begun: false,
    }
  const seconds = rangeSeconds[range]
  return {
    fromAt: seconds === null ? null : new Date(nowMs - seconds * 1000).toISOString(),
    toAt: null,
    states,
    flowIds,
    name,
    tags,
    deploymentIds,
    // The last hours end now; what is to come has a view of its own.
    begun: range !== 'all' && range !== 'next',
  }
}

/** By so much this machine's clock may be behind the server's. */
const clockSlackMs = 5000

/** Whether a run that has just changed belongs to the list: the same conditions as the database's. */
export function matchesRun(filter: RunFilter, run: Omit<FlowRunChange, 'kind'>): boolean {
  const atMs = run.expectedStartAt === null ? null : Date.parse(run.expectedStartAt)
  if (atMs === null) return false
  if (filter.begun && atMs > Date.now() + clockSlackMs) return false
  if (filter.fromAt !== null && atMs < Date.parse(filter.fromAt)) return false
  if (filter.toAt !== null && atMs > Date.parse(filter.toAt)) return false
  if (filter.states !== null && !filter.states.includes(run.stateType)) return false
  if (filter.deploymentIds.length > 0 && !filter.deploymentIds.includes(run.deploymentId ?? '')) return false
  if (filter.flowIds.length > 0 && !filter.flowIds.includes(run.flowId)) return false
  if (filter.name !== null && !run.name.toLowerCase().includes(filter.name.toLowerCase())) return false
  return filter.tags.every((tag) => run.tags.includes(tag))
}

const stateWords = (type: StateType): string => type.toLowerCase()

/** `failed or crashed`, `all but scheduled`: as a chip or a sentence says it. */
export function statesInWords(states: readonly StateType[]): string {
  const left = stateTypes.filter((type) => !states.includes(type))
  if (left.length > 0 && left.length <= 2 && states.length > 3)
    return `all but ${left.map(stateWords).join(' and ')}`
  const words = states.map(stateWords)
  return words.length < 2 ? (words[0] ?? 'none') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}

/** `No failed runs named x in the last 24 hours`: names the filters in words. */
export function nothingMatches(query: RunQuery): string {
  const states = query.states ? `${statesInWords(query.states)} ` : ''
  const named = query.name ? ` named ${query.name}` : ''
  const tagged = query.tags.length > 0 ? ` tagged ${query.tags.join(' and ')}` : ''
  const flows =
    query.flowIds.length > 0 ? ` of ${query.flowIds.length === 1 ? 'this flow' : 'these flows'}` : ''
  const time =
    typeof query.range === 'object'
      ? ' in this time'
      : query.range === 'all'
        ? ''
        : query.range === 'next'
          ? ' coming up'
          : ` in the ${rangeWords[query.range].toLowerCase()}`
  const deployed = query.deploymentIds.length > 0 ? ' of this deployment' : ''
  return `No ${states}runs${named}${tagged}${flows}${deployed}${time}`
}

export const isFiltered = (query: RunQuery): boolean =>
  query.states !== null ||
  query.flowIds.length > 0 ||
  query.name !== null ||
  query.tags.length > 0 ||
  query.deploymentIds.length > 0 ||
  typeof query.range === 'object'
