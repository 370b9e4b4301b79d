import type { Transaction } from '../../db/clients.ts'
import { type Action, scopeOf, selectedBy, type TargetNoun } from '../../domain/automations/action.ts'
import { fillTemplates } from '../../domain/automations/fill-templates.ts'
import { canNotify, cannotNotify } from '../../domain/automations/notification.ts'
import { BadInput, NotFound } from '../../domain/problem.ts'
import { type Context, requireScope } from '../context.ts'
import { checkJinja } from '../parameters/render-jinja.ts'
import { requireStorable } from '../storable-json.ts'

/** What templates of actions may name. */
export const templateNames = ['automation', 'event', 'labels', 'firing', 'firings', 'events'] as const
/** Those of notifications besides. */
export const notificationNames = [...templateNames, 'flow_run', 'flow'] as const
const known: ReadonlySet<string> = new Set(templateNames)
const knownToNotifications: ReadonlySet<string> = new Set(notificationNames)

/** Throws NotAllowed for what the actor may not do itself, BadInput for templates that could not be filled in. */
export function checkActions(ctx: Context, actions: readonly Action[]): void {
  for (const action of actions) {
    const scope = scopeOf(action.type)
    if (scope) requireScope(ctx, scope)
    if (action.type === 'send-notification') {
      checkTemplate(action.subject, knownToNotifications)
      checkTemplate(action.body, knownToNotifications)
    }
    if (action.type !== 'run-deployment') continue
    requireStorable(action.parameters, 'Parameters')
    requireStorable(action.jobVariables, 'Job variables')
    if (action.parameters) fillTemplates(action.parameters, (template) => checkTemplate(template, known))
  }
}

function checkTemplate(template: string, names: ReadonlySet<string>): string {
  const wrong = checkJinjaOfAutomation(template, names)
  if (wrong !== null)
    throw new BadInput(`A template of this automation cannot be rendered: ${wrong}. Nothing was saved.`)
  return ''
}

/** What is wrong with a template of an action; null: nothing is. */
export function checkJinjaOfAutomation(
  template: string,
  names: ReadonlySet<string> = knownToNotifications,
): string | null {
  try {
    checkJinja(template, names)
    return null
  } catch (error) {
    return error instanceof Error ? error.message : 'it cannot be read'
  }
}

const tables = {
  deployment: 'deployments',
  'work-pool': 'work_pools',
  'work-queue': 'work_queues',
  automation: 'automations',
  'block-document': 'block_documents',
} as const satisfies Partial<Record<TargetNoun, string>>

const words = {
  deployment: 'Deployment',
  'work-pool': 'Work pool',
  'work-queue': 'Work queue',
  automation: 'Automation',
  'block-document': 'Block document',
} as const

/** Throws NotFound for an object that an action selects and that is not in this workspace, BadInput for a block that nothing is sent through. */
export async function requireTargets(
  sql: Transaction,
  workspaceId: string,
  actions: readonly Action[],
): Promise<void> {
  const selected = actions.map(selectedBy).filter((target) => target !== null)
  for (const noun of Object.keys(tables) as (keyof typeof tables)[]) {
    const ids = [...new Set(selected.filter((each) => each.noun === noun).map((each) => each.id))]
    if (ids.length === 0) continue
    const found = await sql<{ id: string }[]>`
      select id from ${sql(tables[noun])} where workspace_id = ${workspaceId} and id = any(${ids}::uuid[])`
    const there = new Set(found.map((row) => row.id))
    const missing = ids.find((id) => !there.has(id))
    if (missing) throw new NotFound(`${words[noun]} ${missing}, which an action selects,`)
  }
  const blocks = selected.filter(({ noun }) => noun === 'block-document').map(({ id }) => id)
  if (blocks.length === 0) return
  const types = await sql<{ slug: string }[]>`
    select t.slug from block_documents d join block_types t on t.workspace_id = d.workspace_id and t.id = d.block_type_id
    where d.workspace_id = ${workspaceId} and d.id = any(${blocks}::uuid[])`
  const other = types.find(({ slug }) => !canNotify(slug))
  if (other) throw new BadInput(`${cannotNotify(other.slug)}. Nothing was saved.`)
}
