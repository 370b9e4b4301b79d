import type { WorkspaceScope } from '../access/scopes.ts'
import type { RawJson, StateType } from '../state.ts'

/** What may be asked of the objects that an action can be about, `selected` by its id or `inferred` from the event. */
const targeted = {
  'run-deployment': { key: 'deployment_id', noun: 'deployment', scope: 'run_deployments' },
  'pause-deployment': { key: 'deployment_id', noun: 'deployment', scope: 'write_deployments' },
  'resume-deployment': { key: 'deployment_id', noun: 'deployment', scope: 'write_deployments' },
  'pause-work-pool': { key: 'work_pool_id', noun: 'work-pool', scope: 'write_work_pools' },
  'resume-work-pool': { key: 'work_pool_id', noun: 'work-pool', scope: 'write_work_pools' },
  'pause-work-queue': { key: 'work_queue_id', noun: 'work-queue', scope: 'write_work_queues' },
  'resume-work-queue': { key: 'work_queue_id', noun: 'work-queue', scope: 'write_work_queues' },
  'pause-automation': { key: 'automation_id', noun: 'automation', scope: 'manage_automations' },
  'resume-automation': { key: 'automation_id', noun: 'automation', scope: 'manage_automations' },
} as const satisfies Record<string, { key: string; noun: TargetNoun; scope: WorkspaceScope }>

/** What an action can be about. */
export type TargetNoun =
  | 'deployment'
  | 'work-pool'
  | 'work-queue'
  | 'automation'
  | 'flow-run'
  | 'block-document'
export type TargetedType = keyof typeof targeted
export const targetedTypes = Object.keys(targeted) as readonly TargetedType[]
export const targetKeys = ['deployment_id', 'work_pool_id', 'work_queue_id', 'automation_id'] as const

/** These are always about the flow run that the event is about. */
const onRuns = {
  'cancel-flow-run': 'run_flows',
  'suspend-flow-run': 'run_flows',
  'resume-flow-run': 'run_flows',
  'change-flow-run-state': 'run_flows',
  'delete-flow-run': 'manage_flows',
} as const satisfies Record<string, WorkspaceScope>

/** Known to clients, and not run here: refused, since an action that is stored and never taken would be a lie. */
export const actionsNotRun = [
  'call-webhook',
  'send-email-notification',
  'prefect-notification',
  'declare-incident',
  'pause-schedule-for-flow-run',
  'resume-schedule-for-flow-run',
  'sla-violation',
] as const

interface Targeted {
  readonly source: 'selected' | 'inferred'
  /** The object's id; null where it is inferred. */
  readonly targetId: string | null
}

/** What an automation does when it fires (wire-contract §6.4). */
export type Action =
  | { readonly type: 'do-nothing' }
  | (Targeted & {
      readonly type: 'run-deployment'
      /** May hold templates that the event fills in. */
      readonly parameters: RawJson | null
      readonly jobVariables: RawJson | null
      readonly scheduleAfterSeconds: number
    })
  | (Targeted & { readonly type: Exclude<TargetedType, 'run-deployment'> })
  | { readonly type: Exclude<keyof typeof onRuns, 'change-flow-run-state'> }
  | {
      readonly type: 'change-flow-run-state'
      readonly state: StateType
      readonly name: string | null
      readonly message: string | null
      readonly force: boolean
    }
  | {
      readonly type: 'send-notification'
      /** Through this it is sent. */
      readonly blockDocumentId: string
      /** Templates. */
      readonly subject: string
      readonly body: string
    }

/** What one needs to be allowed to let an automation do it. */
export function scopeOf(type: Action['type']): WorkspaceScope | null {
  if (type === 'do-nothing') return null
  if (type === 'send-notification') return 'see_blocks'
  return type in targeted ? targeted[type as TargetedType].scope : onRuns[type as keyof typeof onRuns]
}

export const targetOf = (type: TargetedType): (typeof targeted)[TargetedType] => targeted[type]

/** What the action names by its id; null: nothing, or whatever the event is about. */
export function selectedBy(action: Action): { readonly noun: TargetNoun; readonly id: string } | null {
  if (action.type === 'send-notification') return { noun: 'block-document', id: action.blockDocumentId }
  return 'source' in action && action.targetId
    ? { noun: targetOf(action.type).noun, id: action.targetId }
    : null
}

export const nounOf = (type: Exclude<Action['type'], 'do-nothing' | 'send-notification'>): TargetNoun =>
  type in targeted ? targeted[type as TargetedType].noun : 'flow-run'

/** The id of the first resource of that kind: the event's own, then the related ones. */
export function inferTarget(
  noun: TargetNoun | 'flow',
  event: {
    readonly resource: Readonly<Record<string, string>>
    readonly related: readonly Readonly<Record<string, string>>[]
  },
): string | null {
  const uuid = new RegExp(`^prefect\\.${noun}\\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$`, 'i')
  for (const resource of [event.resource, ...event.related]) {
    const id = uuid.exec(resource['prefect.resource.id'] ?? '')?.[1]
    if (id) return id.toLowerCase()
  }
  return null
}
