import type { Transaction } from '../../db/clients.ts'
import { type AutomationRow, automationColumns } from '../../db/rows/automation.ts'
import { readWorkspace } from '../../db/scope.ts'
import { jinjaOfMessage } from '../../domain/automations/message-template.ts'
import { BadInput, NotFound } from '../../domain/problem.ts'
import type { RawJson } from '../../domain/state.ts'
import type { Engine } from '../../engine/engine.ts'
import { makeAutomation } from '../automations/create-automation.ts'
import { removeAutomations } from '../automations/delete-automations.ts'
import { changeAutomation } from '../automations/update-automation.ts'
import type { AutomationInput } from '../automations/write-automation.ts'
import { type Context, requireScope } from '../context.ts'
import type { Fragment } from '../filters/operators.ts'

/**
 * What 2.x clients say to be told of the states of flow runs. On this side each is an automation that sends, and goes with it when
 * somebody pauses or deletes that; one that is made to do something else is a policy no more.
 */
export interface PolicyInput {
  readonly isActive: boolean
  /** Names of states; none: all. */
  readonly stateNames: readonly string[]
  /** Of these the run has one; none: it does not matter. */
  readonly tags: readonly string[]
  readonly blockDocumentId: string
  /** With names in {braces}; null: the usual words. */
  readonly messageTemplate: string | null
}

export interface Policy extends PolicyInput {
  readonly id: string
  readonly createdAt: string
  readonly updatedAt: string
}

const USUAL_MESSAGE = `Flow run {flow_name}/{flow_run_name} is {flow_run_state_name} since {flow_run_state_timestamp}.

{flow_run_state_message}
{flow_run_url}`

/** Throws NotFound for a block that is not there, BadInput for one that nothing is sent through and for names nobody knows. */
export async function createPolicy(ctx: Context, engine: Engine, input: PolicyInput): Promise<Policy> {
  requireScope(ctx, 'write_notifications')
  return policyOf(await makeAutomation(ctx, engine, { ...automationOf(input), ownerResource: null }))
}

/** Leaves what is not given. Throws as `createPolicy`, and NotFound. */
export async function updatePolicy(
  ctx: Context,
  engine: Engine,
  id: string,
  changes: Partial<PolicyInput>,
): Promise<void> {
  requireScope(ctx, 'write_notifications')
  await changeAutomation(ctx, engine, id, (before) => automationOf({ ...policyOf(before), ...changes }))
}

/** Throws NotFound. */
export async function deletePolicy(ctx: Context, engine: Engine, id: string): Promise<void> {
  requireScope(ctx, 'manage_notifications')
  if ((await removeAutomations(ctx, engine, { id, isPolicy: true })) === 0) throw new NotFound(NOUN)
}

/** Throws NotFound. */
export async function readPolicy(ctx: Context, id: string): Promise<Policy> {
  const [policy] = await selectPolicies(ctx, (sql) => sql`and a.id = ${id}`)
  if (!policy) throw new NotFound(NOUN)
  return policy
}

export interface ListPolicies {
  /** null: those that are and those that are not. */
  readonly isActive: boolean | null
  readonly limit: number
  readonly offset: number
}

export const listPolicies = (
  ctx: Context,
  { isActive, limit, offset }: ListPolicies,
): Promise<readonly Policy[]> =>
  selectPolicies(
    ctx,
    (sql) => sql`
      ${isActive === null ? sql`` : sql`and a.is_enabled = ${isActive}`} order by a.id limit ${limit} offset ${offset}`,
  )

const NOUN = 'Flow run notification policy'

async function selectPolicies(
  ctx: Context,
  more: (sql: Transaction) => Fragment,
): Promise<readonly Policy[]> {
  requireScope(ctx, 'see_notifications')
  const rows = await readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) => sql<AutomationRow[]>`
      select ${automationColumns(sql)} from automations a
      where a.workspace_id = ${ctx.workspaceId} and a.policy is not null ${more(sql)}`,
  )
  return rows.map(policyOf)
}

/** Throws NotFound for an automation that is none. */
function policyOf({ id, isEnabled: isActive, policy, createdAt, updatedAt }: AutomationRow): Policy {
  if (policy === null) throw new NotFound(NOUN)
  // Safe: written by `automationOf`.
  const said = JSON.parse(policy) as Omit<PolicyInput, 'isActive'>
  return { ...said, id, isActive, createdAt, updatedAt }
}

function automationOf(input: PolicyInput): AutomationInput {
  const { isActive, blockDocumentId, messageTemplate } = input
  const stateNames = [...new Set(input.stateNames)]
  const tags = [...new Set(input.tags)]
  return {
    name: `Notify when a flow run is ${listed(stateNames) || 'in any state'}${tags.length > 0 ? `, of ${listed(tags)}` : ''}`,
    description: 'A flow run notification policy.',
    isEnabled: isActive,
    tags: [],
    trigger: {
      type: 'event',
      match: { 'prefect.resource.id': 'prefect.flow-run.*' },
      match_related:
        tags.length > 0
          ? {
              'prefect.resource.role': 'tag',
              'prefect.resource.id': tags.map((tag) => `prefect.tag.${tag}`),
            }
          : {},
      after: [],
      expect:
        stateNames.length > 0 ? stateNames.map((name) => `prefect.flow-run.${name}`) : ['prefect.flow-run.*'],
      for_each: [],
      posture: 'Reactive',
      threshold: 1,
      within: 0,
    },
    actions: [
      {
        type: 'send-notification',
        blockDocumentId,
        subject: '{{ flow.name }}/{{ flow_run.name }}: {{ flow_run.state.name }}',
        body: bodyOf(messageTemplate ?? USUAL_MESSAGE),
      },
    ],
    actionsOnTrigger: [],
    policy: JSON.stringify({ stateNames, tags, blockDocumentId, messageTemplate }) as RawJson,
  }
}

const listed = (words: readonly string[]): string =>
  words.length > 3 ? `${words.slice(0, 3).join(', ')}, …` : words.join(', ')

function bodyOf(message: string): string {
  try {
    return jinjaOfMessage(message)
  } catch (error) {
    throw new BadInput(
      `message_template cannot be filled in: ${error instanceof Error ? error.message : ''}. Nothing was saved.`,
    )
  }
}
