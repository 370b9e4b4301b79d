import { z } from 'zod'
import { automationMembers } from '../../control/automations/automation-event.ts'
import type { Context } from '../../control/context.ts'
import type { AutomationRow } from '../../db/rows/automation.ts'
import { storedAction } from './action-schema.ts'

export const automationAnswer = z
  .object({
    id: z.uuid(),
    created: z.iso.datetime(),
    updated: z.iso.datetime(),
    name: z.string(),
    description: z.string(),
    enabled: z.boolean(),
    tags: z.array(z.string()),
    trigger: z.looseObject({ type: z.enum(['event', 'compound', 'sequence']), id: z.uuid() }),
    actions: z.array(storedAction),
    actions_on_trigger: z.array(storedAction),
    actions_on_resolve: z.array(storedAction),
    owner_resource: z.string().nullable(),
    account: z.uuid(),
    workspace: z.uuid(),
    actor: z
      .object({ actor_id: z.uuid(), handle: z.string().nullable() })
      .nullable()
      .meta({ description: 'Who made it.' }),
  })
  .meta({ id: 'Automation' })

/** JSON text: parameters of actions go through as they were sent. */
export function automationJson({ access }: Pick<Context, 'access'>, row: AutomationRow): string {
  const { createdBy } = row
  const actor = createdBy?.id ? { actor_id: createdBy.id, handle: createdBy.display_value } : null
  return `{${automationMembers(row)},"account":"${access.accountId}","workspace":"${access.workspaceId}","actor":${JSON.stringify(actor)}}`
}
