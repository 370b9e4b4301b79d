import type { AutomationRow } from '../../db/rows/automation.ts'
import type { RawJson } from '../../domain/state.ts'
import type { ObjectEvent } from '../events/record-object-event.ts'

/** What an automation is, as JSON text in the words of the wire, without the braces around it. */
export const automationMembers = (row: AutomationRow): string => {
  const own = JSON.stringify({
    id: row.id,
    created: row.createdAt,
    updated: row.updatedAt,
    name: row.name,
    description: row.description,
    enabled: row.isEnabled,
    tags: row.tags,
    owner_resource: row.ownerResource,
  })
  return `${own.slice(1, -1)},"trigger":${row.trigger},"actions":${row.actions},"actions_on_trigger":${row.actionsOnTrigger},"actions_on_resolve":[]`
}

export const automationEvent = (happened: ObjectEvent['happened'], row: AutomationRow): ObjectEvent => ({
  noun: 'automation',
  happened,
  id: row.id,
  name: row.name,
  // Safe: joined of JSON texts.
  payload: `{${automationMembers(row)}}` as RawJson,
})
