import { z } from 'zod'
import type { TaskRunChange } from '../../domain/change.ts'

// Only where an argument came from matters to a page; constants and what a newer client adds are dropped.
const schema = z.record(
  z.string(),
  z
    .array(z.looseObject({ input_type: z.string().optional(), id: z.string().optional() }).catch({}))
    .catch([]),
)

/** Never throws: what cannot be read has no inputs. */
export function parseTaskInputs(json: string): TaskRunChange['taskInputs'] {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    return {}
  }
  const parsed = schema.safeParse(value)
  if (!parsed.success) return {}
  const inputs: Record<string, Record<string, string>[]> = {}
  for (const [argument, sources] of Object.entries(parsed.data)) {
    const known = sources.flatMap(({ input_type, id }) => (input_type && id ? [{ input_type, id }] : []))
    if (known.length > 0) inputs[argument] = known
  }
  return inputs
}
