import { z } from 'zod'
import {
  MAX_TRIGGERS,
  postures,
  type Trigger,
  triggersIn,
  type UnnamedTrigger,
} from '../../domain/automations/trigger.ts'
import { durationSeconds, uuid } from '../schemas.ts'

const YEAR = 366 * 86_400
const eventName = z.string().max(1_024)
const eventNames = z.array(eventName).max(100)
const label = z.string().max(1_000)
const pattern = z.string().max(2_000)
const labelPatterns = z
  .record(label, z.union([pattern, z.array(pattern).max(100)]))
  .refine((map) => Object.keys(map).length <= 100, { message: 'at most 100 labels' })

const within = durationSeconds.refine((seconds) => seconds >= 0 && seconds <= YEAR, {
  message: 'must be from 0 to 366 days, in seconds',
})

const id = uuid.nullish().transform((given) => given ?? undefined)

const eventTrigger = z
  .object({
    // Clients leave out what they did not set themselves.
    type: z
      .literal('event')
      .optional()
      .transform(() => 'event' as const),
    id,
    match: labelPatterns.nullish().transform((given) => given ?? {}),
    match_related: z
      .union([labelPatterns, z.array(labelPatterns).max(20)])
      .nullish()
      .transform((given) => given ?? {}),
    after: eventNames.nullish().transform((given) => given ?? []),
    expect: eventNames.nullish().transform((given) => given ?? []),
    for_each: z
      .array(label)
      .max(20)
      .nullish()
      .transform((given) => given ?? []),
    posture: z.enum(postures, {
      error: 'must be Reactive or Proactive; Rigel does not run metric triggers yet, and nothing was saved',
    }),
    threshold: z.int().min(1).max(100_000).default(1),
    within: within.optional(),
  })
  .transform((trigger, ctx) => {
    const seconds = trigger.within ?? (trigger.posture === 'Proactive' ? 10 : 0)
    const refuse = (message: string): void => {
      ctx.addIssue({ code: 'custom', path: ['within'], message })
    }
    if (trigger.posture === 'Proactive' && seconds < 10)
      refuse('must be 10 seconds or more for a trigger that misses events')
    // Accepted, these could never fire.
    if (trigger.posture === 'Reactive' && seconds === 0) {
      if (trigger.after.length > 0)
        refuse(
          'must say how long to wait for what is expected after the first event: 0 seconds never end well',
        )
      if (trigger.threshold > 1)
        refuse(
          `must say within which time ${trigger.threshold} events are counted: none come within 0 seconds`,
        )
    }
    return { ...trigger, within: seconds }
  })

/** Triggers may stand in each other this deep: written out, since a document that refers to itself is hard to read for generators. */
const compositesOf = <Part extends z.ZodType>(part: Part) => {
  const shared = { id, triggers: z.array(part).min(1).max(20), within: within.nullable() }
  const compound = z
    .object({
      type: z
        .literal('compound')
        .optional()
        .transform(() => 'compound' as const),
      ...shared,
      require: z.union([z.literal('any'), z.literal('all'), z.int().min(1)]),
    })
    .refine(({ require, triggers }) => typeof require !== 'number' || require <= triggers.length, {
      path: ['require'],
      message: 'must not be more than there are triggers',
    })
  const sequence = z.object({
    type: z
      .literal('sequence')
      .optional()
      .transform(() => 'sequence' as const),
    ...shared,
  })
  return [compound, sequence] as const
}

const inner = z.union([eventTrigger, ...compositesOf(eventTrigger)], { error: whatIsWrong })
const outer = z.union([eventTrigger, ...compositesOf(inner)], { error: whatIsWrong })

/** A trigger as clients send it. */
export const trigger = outer
  .refine((made) => [...triggersIn(made as Trigger)].length <= MAX_TRIGGERS, {
    message: `at most ${MAX_TRIGGERS} triggers in all`,
  })
  // Safe: the schemas make exactly this.
  .transform((made) => made as UnnamedTrigger)
  .meta({ id: 'Trigger' })

interface UnionIssue {
  readonly input?: unknown
  readonly errors?: readonly (readonly {
    readonly path: readonly PropertyKey[]
    readonly message: string
  }[])[]
}

/** The sentence about the kind of trigger that was meant: those about the others would only confuse. */
function whatIsWrong(issue: unknown): string {
  const { input, errors = [] } = issue as UnionIssue
  const kind = kindOf(input)
  if (kind === 'metric') return 'Rigel does not run metric triggers yet; nothing was saved'
  if (kind === null)
    return 'must be a trigger of type event, compound or sequence; Rigel runs no others, and nothing was saved'
  const [first] = errors[kinds.indexOf(kind)] ?? []
  return first
    ? `${first.path.length > 0 ? `${first.path.join('.')}: ` : ''}${first.message}`
    : 'is no trigger'
}

const kinds = ['event', 'compound', 'sequence'] as const

function kindOf(given: unknown): (typeof kinds)[number] | 'metric' | null {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return null
  const { type } = given as { type?: unknown }
  if (type === undefined)
    return 'triggers' in given ? ('require' in given ? 'compound' : 'sequence') : 'event'
  if (type === 'metric') return type
  return kinds.find((kind) => kind === type) ?? null
}
