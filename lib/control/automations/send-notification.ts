import { type Action, inferTarget } from '../../domain/automations/action.ts'
import { type Outgoing, requestOf } from '../../domain/automations/notification.ts'
import { writeLossless } from '../../domain/lossless-json.ts'
import { BadInput, NotFound, Unavailable } from '../../domain/problem.ts'
import type { Engine } from '../../engine/engine.ts'
import { readBlockDocument } from '../blocks/block-documents.ts'
import type { Context } from '../context.ts'
import { readFlowRun } from '../flow-runs/read-flow-run.ts'
import type { Notifier } from '../notifications/notifier.ts'
import { UI_URL } from '../parameters/render-jinja.ts'
import type { ActionOutcome, SourceEvent } from './firing-events.ts'
import { type Invocation, namesOf, render } from './perform-action.ts'

/** Beyond this nobody reads, and services refuse. */
const MAX_CHARACTERS = 20_000

/** Throws what the verbs and the notifier throw, and BadInput for a block that cannot be used. */
export async function sendNotification(
  ctx: Context,
  engine: Engine,
  notifier: Notifier,
  { type: actionType, blockDocumentId: id, subject, body }: Extract<Action, { type: 'send-notification' }>,
  invocation: Invocation,
): Promise<ActionOutcome> {
  const known = await namesOfNotification(ctx, notifier, invocation)
  const note = {
    subject: render(subject, known).slice(0, MAX_CHARACTERS),
    body: render(body, known).slice(0, MAX_CHARACTERS),
  }
  const { type, data } = await readBlockDocument(ctx, notifier.vault, { id }, engine)
  const outgoing = outgoingOf(type.slug, JSON.parse(writeLossless(data)), note)
  const { receivers } = notifier
  try {
    await notifier.post(outgoing)
    receivers.worked(id)
  } catch (error) {
    if (error instanceof Unavailable) receivers.failed(id, ctx.nowMicros())
    throw error
  }
  return { actionType, related: [[`prefect.block-document.${id}`, 'target']], failedBecause: null }
}

function outgoingOf(...given: Parameters<typeof requestOf>): Outgoing {
  try {
    return requestOf(...given)
  } catch (error) {
    throw new BadInput(`${error instanceof Error ? error.message : 'The block cannot be used'}.`)
  }
}

/** What templates of notifications may name (see `notificationNames`): the run as it was when it came to the state. */
async function namesOfNotification(
  ctx: Context,
  { publicUrl }: Notifier,
  invocation: Invocation,
): Promise<Readonly<Record<string, unknown>>> {
  const { source } = invocation
  const runId = source && inferTarget('flow-run', source)
  const flowId = source && inferTarget('flow', source)
  const { accountId, workspaceId } = ctx.access
  const pages = `${publicUrl}/account/${accountId}/workspace/${workspaceId}`
  const flow = flowId && {
    id: flowId,
    name: labelsOf(source, `prefect.flow.${flowId}`)['prefect.resource.name'],
    [UI_URL]: `${pages}/flows/flow/${flowId}`,
  }
  return {
    ...namesOf(invocation),
    flow_run: runId && (await runOf(ctx, source, runId, `${pages}/runs/flow-run/${runId}`)),
    flow,
  }
}

async function runOf(ctx: Context, source: SourceEvent, id: string, url: string): Promise<object> {
  const run = await readFlowRun(ctx, id).catch((error: unknown) => {
    // Deleted meanwhile: what the event tells of it is still so.
    if (error instanceof NotFound) return null
    throw error
  })
  const labels = labelsOf(source, `prefect.flow-run.${id}`)
  return {
    id,
    name: labels['prefect.resource.name'] ?? run?.name,
    parameters: run ? JSON.parse(run.parameters) : {},
    tags: run?.tags ?? [],
    state: {
      type: labels['prefect.state-type'] ?? run?.stateType,
      name: labels['prefect.state-name'] ?? run?.stateName,
      timestamp: labels['prefect.state-timestamp'] ?? run?.stateAt,
      message: labels['prefect.state-message'] ?? run?.stateMessage,
    },
    [UI_URL]: url,
  }
}

const labelsOf = (source: SourceEvent | null, resourceId: string): Readonly<Record<string, string>> =>
  (source ? [source.resource, ...source.related] : []).find(
    (labels) => labels['prefect.resource.id'] === resourceId,
  ) ?? {}
