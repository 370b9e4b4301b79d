import { z } from 'zod'
import {
  anyId,
  anyText,
  equalFilter,
  filterOf,
  nameFilter,
  operator,
  sub,
  text,
} from '../filters/operators.ts'

export const slug = z
  .string()
  .min(1)
  .max(500)
  .regex(/^[a-z0-9_-]+$/, 'must be of lower-case letters, digits, dashes and underscores')

export const blockTypeFilter = filterOf({ name: sub({ like_: text.nullish() }), slug: anyText }).meta({
  id: 'BlockTypeFilter',
})

export const blockSchemaFilter = filterOf({
  operator,
  block_type_id: anyId,
  block_capabilities: sub({ all_: z.array(text).max(1_000).nullish() }),
  id: anyId,
  version: anyText,
}).meta({ id: 'BlockSchemaFilter' })

export const blockDocumentFilter = filterOf({
  operator,
  id: anyId,
  is_anonymous: equalFilter,
  block_type_id: anyId,
  name: nameFilter,
}).meta({ id: 'BlockDocumentFilter' })

/** In a query a flag is text. */
export const includeSecrets = z
  .enum(['true', 'false', 'True', 'False', '1', '0'])
  .default('false')
  .transform((flag) => flag.toLowerCase() === 'true' || flag === '1')
