import { readWorkspace } from '../../db/scope.ts'
import { type Action, inferTarget, nounOf } from '../../domain/automations/action.ts'
import { fillTemplates } from '../../domain/automations/fill-templates.ts'
import type { ProposedState } from '../../domain/orchestration/decide.ts'
import { BadInput, NotFound } from '../../domain/problem.ts'
import { defaultStateName, type RawJson, type StateDetails, type StateType } from '../../domain/state.ts'
import { formatInstant, parseInstant } from '../../domain/time.ts'
import type { Engine, TransitionResult } from '../../engine/engine.ts'
import type { Context } from '../context.ts'
import { createRun } from '../deployments/create-run.ts'
import { pauseDeployment, resumeDeployment } from '../deployments/switch-deployment.ts'
import { deleteFlowRun } from '../flow-runs/delete-flow-runs.ts'
import { resumeFlowRun } from '../flow-runs/resume-flow-run.ts'
import { renderJinja } from '../parameters/render-jinja.ts'
import { updateWorkPool } from '../work-pools/update-work-pool.ts'
import { updateWorkQueue } from '../work-queues/update-work-queue.ts'
import type { ActionOutcome, SourceEvent } from './firing-events.ts'
import type { StepContext } from './steps.ts'
import { pauseAutomation, resumeAutomation } from './switch-automation.ts'

export interface Invocation {
  readonly id: string
  readonly automationId: string
  readonly context: StepContext
  readonly source: SourceEvent | null
}

/** What is done by the verbs of the product; notifications go out by another way. */
export type OwnAction = Exclude<Action, { readonly type: 'send-notification' }>

const client = { apiVersion: null, clientVersion: null } as const
const SUSPENDED_SECONDS = 3_600
const nothing = '{}' as RawJson

/**
 * Takes an action, by the verbs that everybody uses. Twice under one invocation is as good as once. Throws what the verbs throw, and
 * BadInput where the event is about nothing that the action could be taken on.
 */
export async function performAction(
  ctx: Context,
  engine: Engine,
  action: OwnAction,
  invocation: Invocation,
): Promise<ActionOutcome> {
  if (action.type === 'do-nothing') return { actionType: action.type, related: [], failedBecause: null }
  const noun = nounOf(action.type)
  const given = 'targetId' in action ? action.targetId : null
  const id = given ?? (invocation.source ? inferTarget(noun, invocation.source) : null)
  if (id === null) throw new BadInput(`The event is about no ${noun}, which ${action.type} could act on.`)
  const also = await actOn(ctx, engine, action, id, invocation)
  return {
    actionType: action.type,
    related: [[`prefect.${noun}.${id}`, 'target'], ...also],
    failedBecause: null,
  }
}

type Related = ActionOutcome['related']

async function actOn(
  ctx: Context,
  engine: Engine,
  action: Exclude<OwnAction, { readonly type: 'do-nothing' }>,
  id: string,
  invocation: Invocation,
): Promise<Related> {
  const propose = (type: StateType, more: Partial<ProposedState>, force = false): Promise<Related> =>
    proposeState(ctx, engine, id, invocation, type, more, force)
  switch (action.type) {
    case 'run-deployment':
      return runDeployment(ctx, engine, action, id, invocation)
    case 'pause-deployment':
      await pauseDeployment(ctx, engine, id)
      return []
    case 'resume-deployment':
      await resumeDeployment(ctx, engine, id)
      return []
    case 'pause-work-pool':
    case 'resume-work-pool':
      await updateWorkPool(ctx, engine, await poolNameOf(ctx, id), {
        isPaused: action.type === 'pause-work-pool',
      })
      return []
    case 'pause-work-queue':
    case 'resume-work-queue':
      await updateWorkQueue(ctx, engine, { id }, { isPaused: action.type === 'pause-work-queue' })
      return []
    case 'pause-automation':
      await pauseAutomation(ctx, engine, id)
      return []
    case 'resume-automation':
      await resumeAutomation(ctx, engine, id)
      return []
    case 'cancel-flow-run':
      return propose('CANCELLING', { message: `Cancelled by Automation ${invocation.automationId}` })
    case 'suspend-flow-run':
      return propose('PAUSED', {
        name: 'Suspended',
        message: `Suspended by Automation ${invocation.automationId}`,
        details: {
          pause_reschedule: true,
          pause_timeout: formatInstant(ctx.nowMicros() + SUSPENDED_SECONDS * 1e6),
        },
      })
    case 'resume-flow-run':
      requireAccepted(await resumeFlowRun(ctx, engine, { id, runInput: null, client }), invocation.id)
      return []
    case 'delete-flow-run':
      await deleteFlowRun(ctx, engine, id)
      return []
    case 'change-flow-run-state':
      return propose(
        action.state,
        {
          ...(action.name ? { name: action.name } : {}),
          message: action.message ?? `State changed by Automation ${invocation.automationId}`,
        },
        action.force,
      )
    default:
      return action satisfies never
  }
}

async function proposeState(
  ctx: Context,
  engine: Engine,
  runId: string,
  invocation: Invocation,
  type: StateType,
  { details, ...more }: Partial<ProposedState>,
  force: boolean,
): Promise<Related> {
  const result = await engine.setFlowRunState({
    workspaceId: ctx.workspaceId,
    runId,
    state: {
      type,
      name: defaultStateName(type),
      message: '',
      data: null,
      ...more,
      // The same transition once more is known by its id.
      details: { ...details, transition_id: invocation.id } as StateDetails,
    },
    policy: force ? 'minimal' : 'core',
    client,
  })
  requireAccepted(result, invocation.id)
  return []
}

/** Throws BadInput for a verdict that leaves things as they are, unless they are already as they should be by this very invocation. */
function requireAccepted({ verdict, reason, state }: TransitionResult, invocationId: string): void {
  if (verdict === 'ACCEPT' || state?.details.transition_id === invocationId) return
  throw new BadInput(reason || `The transition was answered with ${verdict}.`)
}

/** Throws NotFound. */
async function poolNameOf(ctx: Context, id: string): Promise<string> {
  const [row] = await readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<{ name: string }[]>`
      select name from work_pools where workspace_id = ${ctx.workspaceId} and id = ${id}`,
  )
  if (!row) throw new NotFound('Work pool')
  return row.name
}

async function runDeployment(
  ctx: Context,
  engine: Engine,
  action: Extract<Action, { readonly type: 'run-deployment' }>,
  deploymentId: string,
  invocation: Invocation,
): Promise<Related> {
  const { context, automationId } = invocation
  const seconds = action.scheduleAfterSeconds
  const at = (parseInstant(context.firedAt) ?? ctx.nowMicros()) + seconds * 1e6
  const { row } = await createRun(
    ctx,
    engine,
    deploymentId,
    {
      name: null,
      state:
        seconds > 0
          ? {
              type: 'SCHEDULED',
              name: 'Scheduled',
              message: '',
              details: { scheduled_time: formatInstant(at) },
              data: null,
            }
          : null,
      parameters: fill(action.parameters ?? nothing, invocation),
      enforceParameterSchema: null,
      context: nothing,
      tags: [],
      labels: {},
      idempotencyKey: `automation ${automationId}, action ${context.index}, invocation ${invocation.id}`,
      parentTaskRunId: null,
      workQueueName: null,
      jobVariables: action.jobVariables,
      empiricalPolicy: {},
      infrastructureDocumentId: null,
    },
    client,
  )
  return [[`prefect.flow-run.${row.id}`, 'flow-run']]
}

/** Throws BadInput for a template that cannot be rendered with this event. */
function fill(parameters: RawJson, invocation: Invocation): RawJson {
  let known: Readonly<Record<string, unknown>> | undefined
  return fillTemplates(parameters, (template) => {
    known ??= namesOf(invocation)
    return render(template, known)
  })
}

/** Throws BadInput for a template that cannot be rendered with this event. */
export function render(template: string, known: Readonly<Record<string, unknown>>): string {
  try {
    return renderJinja(template, known)
  } catch (error) {
    throw new BadInput(
      `A template of it could not be rendered: ${error instanceof Error ? error.message : ''}.`,
    )
  }
}

/** What templates may name (see `templateNames`). */
export function namesOf({ automationId, context, source }: Invocation): Readonly<Record<string, unknown>> {
  const event = source && (JSON.parse(source.json) as Record<string, unknown>)
  const seen = event && {
    ...event,
    resource: named(source.resource),
    related: source.related.map(named),
  }
  const firing = {
    trigger_id: context.triggerId,
    triggered: context.firedAt,
    triggering_labels: context.labels,
    triggering_event: seen,
  }
  return {
    automation: { id: automationId, name: context.name },
    event: seen,
    labels: context.labels,
    firing,
    firings: context.firings.map((each) => ({
      trigger_id: each.triggerId,
      triggered: formatInstant(each.atMicros),
      triggering_labels: each.labels,
      triggering_event: each.event && each.event.id === source?.place.id ? seen : null,
    })),
    events: seen ? [seen] : [],
  }
}

/** A resource's labels, and its id and name for short. */
const named = (labels: Readonly<Record<string, string>>) => ({
  ...labels,
  id: labels['prefect.resource.id'],
  name: labels['prefect.resource.name'],
  role: labels['prefect.resource.role'],
})
