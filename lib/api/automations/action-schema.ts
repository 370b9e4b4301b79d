import { z } from 'zod'
import {
  type Action,
  actionsNotRun,
  type TargetedType,
  targetedTypes,
  targetKeys,
  targetOf,
} from '../../domain/automations/action.ts'
import { rawItems, rawMember } from '../../domain/raw-json.ts'
import type { RawJson } from '../../domain/state.ts'
import { durationSeconds, jsonObject, stateType, uuid } from '../schemas.ts'

const source = z.enum(['selected', 'inferred']).nullish()
const notYet = (what: string): string => `Rigel does not run ${what} yet; nothing was saved`
const runTypes = [
  'do-nothing',
  ...targetedTypes,
  'cancel-flow-run',
  'suspend-flow-run',
  'resume-flow-run',
  'delete-flow-run',
  'change-flow-run-state',
  'send-notification',
] as const
/** What published clients send where nobody chose one. */
const DEFAULT_SUBJECT = 'Prefect automated notification'
const isNotRun = (type: unknown): boolean => (actionsNotRun as readonly unknown[]).includes(type)

/** One shape for all: which members count follows from the type, and `actionOf` says what is missing. */
const action = z
  .object({
    type: z.enum(runTypes as readonly [Action['type'], ...Action['type'][]], {
      error: ({ input }) =>
        isNotRun(input) ? notYet(`the action ${String(input)}`) : `must be one of ${runTypes.join(', ')}`,
    }),
    source,
    deployment_id: uuid.nullish(),
    work_pool_id: uuid.nullish(),
    work_queue_id: uuid.nullish(),
    automation_id: uuid.nullish(),
    parameters: jsonObject.nullish(),
    job_variables: jsonObject.nullish(),
    schedule_after: durationSeconds
      .refine((seconds) => seconds >= 0 && seconds <= 366 * 86_400, {
        message: 'must be from 0 to 366 days, in seconds',
      })
      .nullish(),
    state: stateType.nullish(),
    name: z.string().max(1_000).nullish(),
    message: z.string().max(100_000).nullish(),
    force: z.boolean().nullish(),
    block_document_id: uuid.nullish(),
    subject: z.string().max(1_000).nullish(),
    body: z.string().max(20_000).nullish(),
  })
  .superRefine((given, ctx) => {
    const refuse = (path: string, message: string): void =>
      ctx.addIssue({ code: 'custom', path: [path], message })
    if (isTargeted(given.type)) {
      const { key } = targetOf(given.type)
      if ((given.source ?? 'selected') === 'selected' ? !given[key] : given[key])
        refuse(
          key,
          given.source === 'inferred'
            ? 'must not be given where it is inferred of the event'
            : 'must be given where source is selected; or let source be inferred',
        )
    }
    if (given.type === 'change-flow-run-state' && !given.state) refuse('state', 'is required')
    if (given.type === 'send-notification') {
      if (!given.block_document_id) refuse('block_document_id', 'is required')
      if (!given.body) refuse('body', 'is required')
    }
    if (given.type !== 'change-flow-run-state' && given.force)
      refuse('force', notYet(`${given.type} by force`))
  })
  .meta({ id: 'AutomationAction' })

export const actions = z.array(action).max(20)
export const noActions = z
  .array(z.unknown())
  .max(0, { error: notYet('actions on resolve, since no trigger of its resolves') })

type GivenAction = z.output<typeof action>
const isTargeted = (type: Action['type']): type is TargetedType =>
  (targetedTypes as readonly string[]).includes(type)

/** `raw`: the text of the list, of which parameters are cut as they were sent. */
export function actionsOf(given: readonly GivenAction[], raw: RawJson | undefined): readonly Action[] {
  const texts = raw === undefined ? [] : rawItems(raw)
  return given.map((each, i) => actionOf(each, texts[i]))
}

function actionOf(given: GivenAction, raw: RawJson | undefined): Action {
  const { type } = given
  if (type === 'change-flow-run-state') {
    const { state, name, message, force } = given
    // The schema asks for it.
    if (!state) throw new Error('a change of state without a state')
    return { type, state, name: name ?? null, message: message ?? null, force: force ?? false }
  }
  if (type === 'send-notification') {
    const { block_document_id: blockDocumentId, subject, body } = given
    // The schema asks for it.
    if (!blockDocumentId || !body) throw new Error('a notification without a block or a body')
    return { type, blockDocumentId, subject: subject ?? DEFAULT_SUBJECT, body }
  }
  if (!isTargeted(type)) return { type } as Action
  const target = { source: given.source ?? 'selected', targetId: given[targetOf(type).key] ?? null }
  if (type !== 'run-deployment') return { type, ...target }
  const text = (name: 'parameters' | 'job_variables'): RawJson | null =>
    given[name] && raw !== undefined ? (rawMember(raw, name) ?? null) : null
  return {
    type,
    ...target,
    parameters: text('parameters'),
    jobVariables: text('job_variables'),
    scheduleAfterSeconds: given.schedule_after ?? 0,
  }
}

export const storedAction = z
  .looseObject({
    type: z.enum(runTypes as readonly [Action['type'], ...Action['type'][]]),
    source: source.optional(),
  })
  .extend(Object.fromEntries(targetKeys.map((key) => [key, z.uuid().nullable().optional()])))
  .meta({ id: 'StoredAutomationAction' })
