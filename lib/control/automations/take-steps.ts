import type { Database } from '../../db/clients.ts'
import { isPassing } from '../../db/refusals.ts'
import { uuidv7 } from '../../db/uuid.ts'
import { boundRole } from '../../domain/access/workspace-roles.ts'
import type { Action } from '../../domain/automations/action.ts'
import { readAction } from '../../domain/automations/stored-actions.ts'
import { Problem, Unavailable } from '../../domain/problem.ts'
import type { RawJson } from '../../domain/state.ts'
import { formatInstant, parseInstant } from '../../domain/time.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Context } from '../context.ts'
import type { Notifier } from '../notifications/notifier.ts'
import {
  type ActionOutcome,
  asSource,
  firingTold,
  newEventOf,
  outcomeTold,
  readEvent,
  type Told,
} from './firing-events.ts'
import { type Invocation, performAction } from './perform-action.ts'
import { sendNotification } from './send-notification.ts'
import { MAX_DEPTH, type StepContext } from './steps.ts'

/** Steps taken in one turn. */
const BATCH = 100
/** A replica that dies with steps in hand gives them back after this. */
const LEASE_SECONDS = 60
/** What the database or a bug stood in the way of is tried this often, at growing distances of up to a minute. */
const MAX_ATTEMPTS = 12
/** What could not be sent for so long is of little use: receivers that are away for days keep no queue of it. */
const SENT_WITHIN_MICROS = 3_600 * 1e6

interface StepRow {
  readonly workspaceId: string
  readonly accountId: string
  readonly id: string
  readonly automationId: string
  readonly firingId: string
  readonly position: number
  readonly action: RawJson | null
  readonly context: StepContext
  readonly outcome: RawJson | null
  readonly attempts: number
}

interface Scope {
  readonly db: Database
  readonly engine: Engine
  readonly nowMicros: () => number
}

/**
 * What is sent waits for whoever receives it. So that nothing else waits with it, those steps are taken by a loop of their own, the
 * one that has a notifier.
 */
export interface StepScope extends Scope {
  readonly notifier?: Notifier
}

export interface TakenSteps {
  readonly taken: number
  readonly done: number
  readonly more: boolean
  /** Of what nobody foresaw: to be logged. */
  readonly errors: readonly unknown[]
}

/**
 * Takes the steps that are due, each by one replica; those of one firing in their order. First what is asked, then its outcome is
 * written down, then that is told, then the step is gone: wherever a replica dies, another goes on from there.
 */
export async function takeSteps(scope: StepScope): Promise<TakenSteps> {
  const now = formatInstant(scope.nowMicros())
  const rows = await scope.db.engine<StepRow[]>`
    with due as (
      select workspace_id, id from automation_steps where due_at <= greatest(now(), ${now}::timestamptz)
        and (coalesce(action ->> 'type', '') = 'send-notification') = ${scope.notifier !== undefined}
        and coalesce(action ->> 'block_document_id', '') <> all(${scope.notifier?.receivers.resting(scope.nowMicros()) ?? []}::text[])
      order by due_at limit ${BATCH} for update skip locked
    )
    update automation_steps s set attempts = s.attempts + 1, due_at = greatest(now(), ${now}::timestamptz) + make_interval(secs => ${LEASE_SECONDS})
    from due d, workspaces w
    where s.workspace_id = d.workspace_id and s.id = d.id and w.id = s.workspace_id
    returning s.workspace_id, w.account_id, s.id, s.automation_id, s.firing_id, s.position, s.action, s.context, s.outcome, s.attempts`
  const byFiring = new Map<string, StepRow[]>()
  for (const row of [...rows].sort((a, b) => a.position - b.position))
    byFiring.set(row.firingId, [...(byFiring.get(row.firingId) ?? []), row])
  const errors: unknown[] = []
  let done = 0
  await Promise.all(
    [...byFiring.values()].map(async (steps) => {
      for (const step of steps) {
        try {
          await takeStep(scope, step)
          done++
        } catch (error) {
          if (!isTransient(error)) errors.push(error)
          await putOff(scope, step)
        }
      }
    }),
  )
  return { taken: rows.length, done, more: rows.length === BATCH && done > 0, errors }
}

const CHAIN_ENDS =
  `Automations set each other off: ${MAX_DEPTH} firings led to this one, and the chain ends here. ` +
  'Narrow what one of them expects, so that it does not see what the others do.'

const isTransient = (error: unknown): boolean => error instanceof Unavailable || isPassing(error)

async function putOff({ db }: Scope, { workspaceId, id, attempts }: StepRow): Promise<void> {
  await db.engine`
    update automation_steps set due_at = now() + make_interval(secs => ${Math.min(60, 2 ** attempts)})
    where workspace_id = ${workspaceId} and id = ${id}`
}

async function takeStep(scope: StepScope, step: StepRow): Promise<void> {
  const { db, engine } = scope
  const { workspaceId, id } = step
  let told = step.outcome === null ? null : (JSON.parse(step.outcome) as readonly Told[])
  if (told === null) {
    told = await outcomeOf(scope, step)
    await db.engine`
      update automation_steps set outcome = ${JSON.stringify(told)}::text::json where workspace_id = ${workspaceId} and id = ${id}`
  }
  await engine.receiveEvents(workspaceId, told.map(newEventOf))
  await db.engine`delete from automation_steps where workspace_id = ${workspaceId} and id = ${id}`
}

async function outcomeOf(scope: StepScope, step: StepRow): Promise<readonly Told[]> {
  const { db, nowMicros } = scope
  const { workspaceId, automationId, context } = step
  const triggering = await readEvent(db.engine, workspaceId, context.event)
  const firing = firingTold(step, triggering)
  if (step.action === null) return [firing]
  const action = readAction(step.action)
  if (context.depth > MAX_DEPTH) return outcomeTold(step, failed(CHAIN_ENDS), nowMicros(), uuidv7)
  const ctx: Context = {
    actor: { kind: 'system', service: 'automations', automation: { id: automationId, name: context.name } },
    workspaceId,
    // As much as whoever may make automations may do.
    access: { accountId: step.accountId, workspaceId, ...boundRole('developer', null) },
    db,
    nowMicros,
  }
  const source = context.isOnTrigger ? asSource(firing, context.firedAt) : triggering
  const outcome = await takeAction(ctx, scope, action, { ...step, source }).catch((error: unknown) => {
    const isTooLate =
      action.type === 'send-notification' &&
      nowMicros() - (parseInstant(context.firedAt) ?? 0) > SENT_WITHIN_MICROS
    const mayGoBetter = (isTransient(error) || !(error instanceof Problem)) && !isTooLate
    if (mayGoBetter && step.attempts < MAX_ATTEMPTS) throw error
    return failed(
      error instanceof Problem
        ? error.message
        : 'Something went wrong on the server, again and again. Ask its operator to look into the log.',
    )
  })
  return outcomeTold(step, outcome, nowMicros(), uuidv7)

  function failed(failedBecause: string) {
    return { actionType: action.type, related: [], failedBecause }
  }
}

async function takeAction(
  ctx: Context,
  { engine, notifier }: StepScope,
  action: Action,
  invocation: Invocation,
): Promise<ActionOutcome> {
  if (action.type !== 'send-notification') return performAction(ctx, engine, action, invocation)
  if (!notifier) throw new Error('a notification was taken by a loop that cannot send it')
  return sendNotification(ctx, engine, notifier, action, invocation)
}
