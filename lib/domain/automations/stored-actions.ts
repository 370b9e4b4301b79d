import { rawItems, rawMember } from '../raw-json.ts'
import type { RawJson } from '../state.ts'
import { type Action, type TargetedType, targetKeys, targetOf } from './action.ts'

/** Actions as they are stored and shown: in the words of the wire, parameters to the last digit as they were sent. */
export const actionsJson = (actions: readonly Action[]): RawJson =>
  // Safe: joined of JSON texts.
  `[${actions.map(actionJson).join(',')}]` as RawJson

export function actionJson(action: Action): RawJson {
  if (action.type === 'send-notification') {
    const { type, blockDocumentId: block_document_id, subject, body } = action
    return JSON.stringify({ type, block_document_id, subject, body }) as RawJson
  }
  if (!('source' in action)) return JSON.stringify(action) as RawJson
  const { type, source, targetId } = action
  const named = JSON.stringify({ type, source, [targetOf(type).key]: targetId })
  if (type !== 'run-deployment') return named as RawJson
  const { parameters, jobVariables, scheduleAfterSeconds } = action
  return `${named.slice(0, -1)},"parameters":${parameters},"job_variables":${jobVariables},"schedule_after":${scheduleAfterSeconds}}` as RawJson
}

export const readActions = (stored: RawJson): readonly Action[] => rawItems(stored).map(readAction)

export function readAction(stored: RawJson): Action {
  // Safe: written by `actionJson`.
  const action = JSON.parse(stored) as Record<string, unknown> & { readonly type: Action['type'] }
  if (action.type === 'send-notification') {
    const { type, block_document_id: blockDocumentId, subject, body } = action
    return { type, blockDocumentId, subject, body } as Action
  }
  const key = targetKeys.find((each) => each in action)
  if (key === undefined) return action as Action
  const target = { source: action.source, targetId: action[key] ?? null }
  if (action.type !== 'run-deployment') return { type: action.type as TargetedType, ...target } as Action
  const raw = (name: string): RawJson | null => {
    const text = rawMember(stored, name)
    return text === undefined || text === 'null' ? null : text
  }
  return {
    type: action.type,
    ...target,
    parameters: raw('parameters'),
    jobVariables: raw('job_variables'),
    scheduleAfterSeconds: action.schedule_after,
  } as Action
}
