import type { RawJson } from '../../domain/state.ts'
import type { Queryable } from '../clients.ts'
import type { Creator } from './work-pool.ts'

export interface AutomationRow {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly isEnabled: boolean
  readonly tags: readonly string[]
  /** In the words of the wire, like the actions. */
  readonly trigger: RawJson
  readonly actions: RawJson
  readonly actionsOnTrigger: RawJson
  readonly ownerResource: string | null
  readonly watchesSince: string
  /** The notification policy that it is, in the words of the wire. */
  readonly policy: RawJson | null
  readonly createdBy: Creator | null
  readonly createdAt: string
  readonly updatedAt: string
}

/** The columns of AutomationRow; `a` is automations. */
export const automationColumns = (sql: Queryable) => sql`
  a.id, a.name, a.description, a.is_enabled, a.tags, a.trigger, a.actions, a.actions_on_trigger, a.owner_resource, a.watches_since,
  a.policy, a.created_by, a.created_at, a.updated_at`
