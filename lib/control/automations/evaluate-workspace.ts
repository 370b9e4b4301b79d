import type { Sql, Transaction } from '../../db/clients.ts'
import { type AutomationRow, automationColumns } from '../../db/rows/automation.ts'
import { inTransaction } from '../../db/transaction.ts'
import { uuidv7 } from '../../db/uuid.ts'
import {
  concernsOf,
  Evaluation,
  type FiredPart,
  type Watched,
  type WindowId,
  watch,
} from '../../domain/automations/evaluate.ts'
import type { SeenEvent } from '../../domain/automations/match-event.ts'
import type { EventPlace, Window } from '../../domain/automations/window.ts'
import type { RawJson } from '../../domain/state.ts'
import { formatInstant, parseInstant } from '../../domain/time.ts'
import { type PlannedStep, planSteps, saveSteps } from './steps.ts'
import { storedTrigger } from './stored-trigger.ts'
import { keyHash, saveEvaluation } from './stored-windows.ts'

/** Events counted in one transaction. */
const BATCH = 500
/** An event waits this long for the one that it follows. */
const LEADER_SECONDS = 15
const LOOK_AGAIN_SECONDS = 1
/** Windows closed in one transaction. */
const CLOSED = 500

export interface Evaluated {
  readonly events: number
  readonly fired: number
  /** Whether there is more to do at once. */
  readonly more: boolean
}

/** Safe: the database writes instants that can be read. */
const microsOf = (instant: string): number => parseInstant(instant) ?? 0

const nothing: Evaluated = { events: 0, fired: 0, more: false }

/**
 * Counts the events that wait in a workspace and closes its windows whose time is up: one replica at a time, in one transaction with
 * what fires, so that each event counts once and each firing has its steps. Who finds the workspace taken leaves it alone.
 */
export function evaluateWorkspace(sql: Sql, workspaceId: string, nowMicros: number): Promise<Evaluated> {
  return inTransaction(sql, async (its) => {
    const [mine] = await its`
      select from automation_watches where workspace_id = ${workspaceId} for update skip locked`
    if (!mine) {
      // Of a workspace that was deleted with events waiting.
      await its`
        delete from automation_intake i where i.workspace_id = ${workspaceId}
          and not exists (select from automation_watches w where w.workspace_id = i.workspace_id)`
      return nothing
    }
    return evaluate(its, workspaceId, nowMicros)
  })
}

async function evaluate(sql: Transaction, workspaceId: string, nowMicros: number): Promise<Evaluated> {
  const events = await takeEvents(sql, workspaceId, nowMicros)
  const rows = await sql<AutomationRow[]>`
    select ${automationColumns(sql)} from automations a where a.workspace_id = ${workspaceId} and a.is_enabled`
  const automations = new Map(rows.map((row) => [row.id, row]))
  const all = rows.map((row) => watch(row.id, microsOf(row.watchesSince), storedTrigger(row.trigger)))
  const seen = events.map((event) => ({ event, concerns: concernsOf(all, event, event.receivedMicros) }))
  const isDrained = events.length < BATCH
  const overdue = isDrained ? await overdueWindows(sql, workspaceId, nowMicros) : []
  const keys = seen.flatMap(({ concerns }) =>
    concerns.map(({ watched, trigger, key }) => ({ automationId: watched.id, triggerId: trigger.id, key })),
  )
  const evaluation = new Evaluation(
    [...(await windowsOf(sql, workspaceId, keys)), ...overdue],
    await partsOf(sql, workspaceId, all),
  )
  for (const { event, concerns } of seen) evaluation.count(event, event.place, concerns)
  if (isDrained) for (const watched of all) evaluation.close(watched, nowMicros)

  await saveEvaluation(sql, workspaceId, evaluation)
  const depths = await depthsOf(sql, workspaceId, events, evaluation)
  const steps: PlannedStep[] = []
  for (const fired of evaluation.fired) {
    const automation = automations.get(fired.automationId)
    const depth = (fired.event && depths.get(fired.event.id)) ?? 0
    if (automation) steps.push(...planSteps(automation, fired, depth, nowMicros, uuidv7))
  }
  await saveSteps(sql, workspaceId, steps)
  return {
    events: events.length,
    fired: evaluation.fired.length,
    more: events.length === BATCH || overdue.length === CLOSED,
  }
}

interface TakenEvent extends SeenEvent {
  readonly place: EventPlace
  readonly receivedMicros: number
  readonly follows: string | null
}

interface IntakeRow {
  readonly id: string
  readonly at: string
  readonly event: string
  readonly follows: string | null
  readonly receivedAt: string
  readonly resource: Readonly<Record<string, string>>
  readonly related: readonly Readonly<Record<string, string>>[] | null
  readonly waits: boolean
}

/** Takes the earliest events out of the intake, each after the one that it follows. */
async function takeEvents(
  sql: Transaction,
  workspaceId: string,
  nowMicros: number,
): Promise<readonly TakenEvent[]> {
  const now = formatInstant(nowMicros)
  const rows = await sql<IntakeRow[]>`
    with due as materialized (
      select workspace_id, occurred_at, id from automation_intake
      where workspace_id = ${workspaceId} and due_at <= greatest(now(), ${now}::timestamptz)
      order by workspace_id, occurred_at, id limit ${BATCH}
    ), found as materialized (
      select e.id, e.occurred_at, e.event, e.follows, e.received_at, event_body(e) as body,
        -- A flow run tells of its states in their order; others may come by different ways.
        e.follows is not null and e.event not like 'prefect.flow-run.%' and e.event not like 'prefect.automation.%'
        and e.received_at > ${formatInstant(nowMicros - LEADER_SECONDS * 1e6)}::timestamptz
        -- Of the same thing, as most are, it is found by that; others by the minute before, which is all that is looked through.
        and not (
          exists (
            select from events l where l.workspace_id = e.workspace_id and l.resource_id = e.resource_id and l.id = e.follows
              and l.occurred_at between e.occurred_at - interval '15 minutes' and e.occurred_at + interval '1 minute')
          or exists (
            select from events l where l.workspace_id = e.workspace_id and l.id = e.follows
              and l.occurred_at between e.occurred_at - interval '1 minute' and e.occurred_at + interval '5 seconds')) as waits
      from due d join events e on e.workspace_id = d.workspace_id and e.occurred_at = d.occurred_at and e.id = d.id
    ), later as (
      update automation_intake i set due_at = now() + make_interval(secs => ${LOOK_AGAIN_SECONDS})
      from found f where f.waits and i.workspace_id = ${workspaceId} and i.occurred_at = f.occurred_at and i.id = f.id
    ), gone as (
      delete from automation_intake i using due d
      where i.workspace_id = d.workspace_id and i.occurred_at = d.occurred_at and i.id = d.id
        and not exists (select from found f where f.waits and f.occurred_at = d.occurred_at and f.id = d.id)
    )
    select f.id, f.occurred_at as at, f.event, f.follows, f.received_at, f.waits,
      (f.body -> 'resource')::jsonb as resource, (f.body -> 'related')::jsonb as related
    from found f order by f.occurred_at, f.received_at, f.id`
  const taken = rows
    .filter((row) => !row.waits)
    .map((row): TakenEvent => {
      const receivedMicros = microsOf(row.receivedAt)
      return {
        id: row.id,
        event: row.event,
        // A clock that runs ahead must not open windows that nothing of the present falls into.
        atMicros: Math.min(microsOf(row.at), receivedMicros),
        resource: row.resource,
        related: row.related ?? [],
        place: { id: row.id, at: row.at },
        receivedMicros,
        follows: row.follows,
      }
    })
  return leadersFirst(taken)
}

/** By time, and within an instant by arrival, but for an event whose clock put it before the one that it follows. */
function leadersFirst(events: readonly TakenEvent[]): readonly TakenEvent[] {
  const byId = new Map(events.map((event) => [event.id, event]))
  const ordered = new Set<TakenEvent>()
  const put = (event: TakenEvent, path: ReadonlySet<TakenEvent>): void => {
    if (ordered.has(event) || path.has(event)) return
    const leader = event.follows === null ? undefined : byId.get(event.follows)
    if (leader && path.size < 100) put(leader, new Set([...path, event]))
    ordered.add(event)
  }
  for (const event of events) put(event, new Set())
  return [...ordered]
}

interface WindowRow {
  readonly automationId: string
  readonly triggerId: string
  readonly key: readonly string[]
  readonly startAt: string
  readonly endAt: string
  readonly eventCount: number
  readonly lastEvent: EventPlace | null
}

type Found = WindowId & { readonly window: Window }

const found = (row: WindowRow): Found => ({
  automationId: row.automationId,
  triggerId: row.triggerId,
  key: row.key,
  window: {
    startMicros: microsOf(row.startAt),
    endMicros: microsOf(row.endAt),
    count: row.eventCount,
    last: row.lastEvent,
  },
})

async function windowsOf(
  sql: Transaction,
  workspaceId: string,
  keys: readonly WindowId[],
): Promise<readonly Found[]> {
  const each = [...new Map(keys.map((key) => [JSON.stringify(key), key])).values()]
  if (each.length === 0) return []
  const rows = await sql<WindowRow[]>`
    select w.automation_id, w.trigger_id, w.key, w.start_at, w.end_at, w.event_count, w.last_event
    from unnest(${each.map((key) => key.automationId)}::uuid[], ${each.map((key) => key.triggerId)}::uuid[],
                ${each.map((key) => keyHash(key.key))}::text[]) k (automation_id, trigger_id, key_hash)
    join automation_windows w on w.workspace_id = ${workspaceId} and w.automation_id = k.automation_id
      and w.trigger_id = k.trigger_id and w.key_hash = k.key_hash`
  return rows.map(found)
}

async function overdueWindows(
  sql: Transaction,
  workspaceId: string,
  nowMicros: number,
): Promise<readonly Found[]> {
  const rows = await sql<WindowRow[]>`
    select w.automation_id, w.trigger_id, w.key, w.start_at, w.end_at, w.event_count, w.last_event
    from automation_windows w
    where w.close_at <= ${formatInstant(nowMicros)} and w.workspace_id = ${workspaceId}
    order by w.close_at limit ${CLOSED}`
  return rows.map(found)
}

interface PartRow {
  readonly automationId: string
  readonly parentId: string
  readonly partId: string
  readonly fired: Pick<FiredPart, 'firing' | 'firings'>
}

async function partsOf(
  sql: Transaction,
  workspaceId: string,
  all: readonly Watched[],
): Promise<readonly FiredPart[]> {
  if (!all.some((each) => each.parents.size > 0)) return []
  const rows = await sql<PartRow[]>`
    select automation_id, parent_id, part_id, fired from automation_parts where workspace_id = ${workspaceId}`
  return rows.map(({ fired, ...id }) => ({ ...id, ...fired }))
}

/** How many firings led to the events that fire now: automations that set each other off end somewhere. */
async function depthsOf(
  sql: Transaction,
  workspaceId: string,
  events: readonly TakenEvent[],
  { fired }: Evaluation,
): Promise<ReadonlyMap<string, number>> {
  const depths = new Map<string, number>()
  for (const { id, resource } of events) depths.set(id, depthIn(resource))
  const others = fired.flatMap(({ event }) => (event && !depths.has(event.id) ? [event] : []))
  if (others.length === 0) return depths
  const rows = await sql<{ id: string; body: RawJson }[]>`
    select e.id, event_body(e) as body from unnest(${others.map((each) => each.at)}::timestamptz[], ${others.map((each) => each.id)}::uuid[]) k (at, id)
    join events e on e.workspace_id = ${workspaceId} and e.occurred_at = k.at and e.id = k.id
    where e.event like 'prefect.automation.%'`
  for (const { id, body } of rows)
    depths.set(id, depthIn((JSON.parse(body) as { resource: Record<string, string> }).resource))
  return depths
}

export const DEPTH_LABEL = 'rigel.automation-depth'

const depthIn = (resource: Readonly<Record<string, string>>): number =>
  Number(resource[DEPTH_LABEL] ?? 0) || 0
