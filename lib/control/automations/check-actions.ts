import type { Transaction } from '../../db/clients.ts'
import { type Action, scopeOf, type TargetNoun, targetOf } from '../../domain/automations/action.ts'
import { fillTemplates } from '../../domain/automations/fill-templates.ts'
import { BadInput, NotFound } from '../../domain/problem.ts'
import { type Context, requireScope } from '../context.ts'
import { checkJinja } from '../parameters/render-jinja.ts'
import { requireStorable } from '../storable-json.ts'

/** What templates of actions may name. */
export const templateNames = ['automation', 'event', 'labels', 'firing', 'firings', 'events'] as const
const known: ReadonlySet<string> = new Set(templateNames)

/** Throws NotAllowed for what the actor may not do itself, BadInput for templates that could not be filled in. */
export function checkActions(ctx: Context, actions: readonly Action[]): void {
  for (const action of actions) {
    const scope = scopeOf(action.type)
    if (scope) requireScope(ctx, scope)
    if (action.type !== 'run-deployment') continue
    requireStorable(action.parameters, 'Parameters')
    requireStorable(action.jobVariables, 'Job variables')
    if (action.parameters) fillTemplates(action.parameters, checkTemplate)
  }
}

function checkTemplate(template: string): string {
  const wrong = checkJinjaOfAutomation(template)
  if (wrong !== null)
    throw new BadInput(`A template of this automation cannot be rendered: ${wrong}. Nothing was saved.`)
  return ''
}

/** What is wrong with a template of an action; null: nothing is. */
export function checkJinjaOfAutomation(template: string): string | null {
  try {
    checkJinja(template, known)
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
} as const satisfies Partial<Record<TargetNoun, string>>

const words = {
  deployment: 'Deployment',
  'work-pool': 'Work pool',
  'work-queue': 'Work queue',
  automation: 'Automation',
} as const

/** Throws NotFound for an object that an action selects and that is not in this workspace. */
export async function requireTargets(
  sql: Transaction,
  workspaceId: string,
  actions: readonly Action[],
): Promise<void> {
  const selected = actions.flatMap((action) =>
    'source' in action && action.targetId ? [{ noun: targetOf(action.type).noun, id: action.targetId }] : [],
  )
  for (const noun of Object.keys(tables) as (keyof typeof tables)[]) {
    const ids = [...new Set(selected.filter((each) => each.noun === noun).map((each) => each.id))]
    if (ids.length === 0) continue
    const found = await sql<{ id: string }[]>`
      select id from ${sql(tables[noun])} where workspace_id = ${workspaceId} and id = any(${ids}::uuid[])`
    const there = new Set(found.map((row) => row.id))
    const missing = ids.find((id) => !there.has(id))
    if (missing) throw new NotFound(`${words[noun]} ${missing}, which an action selects,`)
  }
}
