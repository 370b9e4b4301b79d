import type { SeenState } from '#app/_live/fold.ts'
import type { TaskRunRow } from '#lib/control/console/rows.ts'
import type { StateType } from '#lib/domain/state.ts'
import { type Segment, segmentsOf } from './segments.ts'

export const rowPx = 23
export const phoneRowPx = 32

/** A row of the timeline: one task run, or mapped ones folded into one. */
export interface TimelineRow {
  readonly id: string
  readonly label: string
  readonly task: TaskRunRow
  readonly segments: readonly Segment[]
  /** How many task runs this row stands for; 1 for a single one. */
  readonly runs: number
  /** The fold that this row heads or belongs to. */
  readonly group: string | null
  readonly depth: 0 | 1
  /** Rows that this row's arguments came from. */
  readonly from: readonly string[]
}

/** From this many runs of one task on, they fold into one row. */
export const foldFrom = 5

// What a reader must see of a fold is the worst of it.
const weight = {
  FAILED: 9,
  CRASHED: 8,
  RUNNING: 7,
  CANCELLING: 6,
  PAUSED: 5,
  SCHEDULED: 4,
  PENDING: 3,
  CANCELLED: 2,
  COMPLETED: 1,
} as const satisfies Record<StateType, number>

const beginMs = (task: TaskRunRow): number => {
  const at = task.startAt ?? task.expectedStartAt
  return at === null ? Number.POSITIVE_INFINITY : Date.parse(at)
}

/** Task runs in the order in which they began; those that wait stand last. */
function inOrder(tasks: Iterable<TaskRunRow>): readonly TaskRunRow[] {
  return [...tasks].sort(
    (a, b) =>
      Number(a.startAt === null) - Number(b.startAt === null) ||
      beginMs(a) - beginMs(b) ||
      (a.id < b.id ? -1 : 1),
  )
}

export function timelineRows(
  tasks: Iterable<TaskRunRow>,
  attempts: ReadonlyMap<string, readonly SeenState[]>,
  open: ReadonlySet<string>,
): readonly TimelineRow[] {
  const ordered = inOrder(tasks)
  const byKey = new Map<string, TaskRunRow[]>()
  for (const task of ordered) {
    const alike = byKey.get(task.taskKey)
    if (alike) alike.push(task)
    else byKey.set(task.taskKey, [task])
  }
  const rowOf = new Map<string, string>()
  for (const [key, alike] of byKey) {
    const folded = alike.length >= foldFrom && !open.has(key)
    for (const task of alike) rowOf.set(task.id, folded ? `group:${key}` : task.id)
  }
  const from = (sources: readonly TaskRunRow[], own: string): readonly string[] => [
    ...new Set(
      sources
        .flatMap((task) => Object.values(task.taskInputs).flat())
        .flatMap((input) => (input.input_type === 'task_run' && input.id ? [rowOf.get(input.id) ?? ''] : []))
        .filter((id) => id !== '' && id !== own),
    ),
  ]
  const rows: TimelineRow[] = []
  const headed = new Set<string>()
  for (const task of ordered) {
    const alike = byKey.get(task.taskKey) ?? [task]
    const group = alike.length >= foldFrom ? task.taskKey : null
    if (group !== null && !headed.has(group)) {
      headed.add(group)
      const worst = alike.reduce((held, each) =>
        weight[each.stateType] > weight[held.stateType] ? each : held,
      )
      rows.push({
        id: `group:${group}`,
        label: groupLabel(alike),
        task: worst,
        segments: spanOf(worst, alike),
        runs: alike.length,
        group,
        depth: 0,
        from: open.has(group) ? [] : from(alike, `group:${group}`),
      })
    }
    if (group !== null && !open.has(group)) continue
    rows.push({
      id: task.id,
      label: task.name,
      task,
      segments: segmentsOf(task, attempts.get(task.id) ?? []),
      runs: 1,
      group,
      depth: group === null ? 0 : 1,
      from: from([task], task.id),
    })
  }
  return rows
}

/** `extract_orders[0-5]` for runs that a client numbered, else the name they share. */
function groupLabel(alike: readonly TaskRunRow[]): string {
  const parts = alike.map((task) => /^(.*?)-([0-9a-z]+)$/i.exec(task.name))
  const base = parts[0]?.[1]
  if (base === undefined || parts.some((part) => part?.[1] !== base))
    return alike[0]?.taskKey.replace(/-[0-9a-f]{8}$/, '') ?? ''
  const numbers = parts.map((part) => Number(part?.[2])).sort((a, b) => a - b)
  return numbers.some(Number.isNaN) ? base : `${base}[${numbers[0]}-${numbers.at(-1)}]`
}

/** One bar from the first start to the last end, in the family of the worst. */
function spanOf(worst: TaskRunRow, alike: readonly TaskRunRow[]): readonly Segment[] {
  const begun = alike.flatMap((task) => (task.startAt === null ? [] : [Date.parse(task.startAt)]))
  if (begun.length === 0) return []
  const goesOn = alike.some((task) => task.stateType === 'RUNNING')
  const ended = alike.flatMap((task) => (task.endAt === null ? [] : [Date.parse(task.endAt)]))
  const [segment] = segmentsOf({ ...worst, startAt: worst.startAt ?? alike[0]?.startAt ?? null }, [])
  return [
    {
      family: segment?.family ?? 'wait',
      waits: false,
      fromMs: Math.min(...begun),
      toMs: goesOn ? null : Math.max(...ended, ...begun),
      attempt: 1,
    },
  ]
}

/** The rows up- and downstream of one, itself included. */
export function related(rows: readonly TimelineRow[], id: string): ReadonlySet<string> {
  const found = new Set<string>()
  const walk = (start: string, next: (id: string) => readonly string[]) => {
    const queue = [start]
    for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
      if (at !== start && found.has(at)) continue
      found.add(at)
      queue.push(...next(at).filter((each) => !found.has(each)))
    }
  }
  const byId = new Map(rows.map((row) => [row.id, row]))
  const to = new Map<string, string[]>()
  for (const row of rows) for (const source of row.from) to.set(source, [...(to.get(source) ?? []), row.id])
  walk(id, (each) => byId.get(each)?.from ?? [])
  walk(id, (each) => to.get(each) ?? [])
  return found
}
