/** Tabs of a run's page, in the address as `?tab=`. */
export const runTabs = ['logs', 'task-runs', 'sub-flow-runs', 'artifacts', 'parameters', 'states'] as const
export type RunTab = (typeof runTabs)[number]

export const tabOf = (value: string | readonly string[] | undefined): RunTab =>
  runTabs.find((tab) => tab === value) ?? 'logs'

export interface LogQuery {
  readonly text: string | null
  readonly level: number
  readonly taskRunId: string | null
  readonly line: number | null
  readonly upTo: number | null
}

export const logLevels = [
  { level: 10, word: 'Debug' },
  { level: 20, word: 'Info' },
  { level: 30, word: 'Warning' },
  { level: 40, word: 'Error' },
] as const

export const defaultLevel = 20

type Params = Readonly<Record<string, string | readonly string[] | undefined>>
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
const one = (value: string | readonly string[] | undefined) =>
  typeof value === 'string' ? value : value?.[0]

function lineNumber(text: string | undefined): number | null {
  return text && /^\d{1,9}$/.test(text) && Number(text) > 0 ? Number(text) : null
}

/** Never throws: what cannot be read is left out. */
export function parseLogQuery(params: Params): LogQuery {
  const level = logLevels.find((each) => String(each.level) === one(params.level))?.level ?? defaultLevel
  const task = one(params.task)
  return {
    text: one(params.q)?.replaceAll('\0', '').trim().slice(0, 200) || null,
    level,
    taskRunId: task && uuid.test(task) ? task.toLowerCase() : null,
    line: lineNumber(one(params.line)),
    upTo: lineNumber(one(params.upto)),
  }
}

/** The page's address for a tab and what it shows. */
export function runHref(path: string, tab: RunTab, logs: Partial<LogQuery> = {}): string {
  const params = new URLSearchParams()
  if (tab !== 'logs') params.set('tab', tab)
  if (logs.text) params.set('q', logs.text)
  if (logs.level !== undefined && logs.level !== defaultLevel) params.set('level', String(logs.level))
  if (logs.taskRunId) params.set('task', logs.taskRunId)
  if (logs.line) params.set('line', String(logs.line))
  if (logs.upTo) params.set('upto', String(logs.upTo))
  const query = params.toString()
  return `${path}${query ? `?${query}` : ''}${logs.line ? `#L${logs.line}` : ''}`
}
