import { z } from 'zod'
import type { EventFilter } from '../../control/filters/event-filter.ts'
import { instant, uuid } from '../schemas.ts'

/** Unlike other filters this one is taken with keys that nobody here knows: a subscriber that is turned away hears nothing at all. */
const sub = <Shape extends z.ZodRawShape>(shape: Shape) => z.object(shape).nullish()

/** Short, since a filter travels in the address of the next page. */
const MAX_ITEMS = 200
const text = z.string().max(5_000)
const texts = z.array(text).max(MAX_ITEMS).nullish()
const labels = z.record(z.string().max(1_000), z.union([text, z.array(text).max(MAX_ITEMS)])).nullish()

export const related = z.object({
  id: texts,
  role: texts,
  resources_in_roles: z
    .array(z.tuple([text, text]))
    .max(MAX_ITEMS)
    .nullish(),
  labels,
})
export const anyResource = z.object({ id: texts, id_prefix: texts, labels })
const oneOrMany = <Item extends z.ZodType>(item: Item) => z.union([item, z.array(item).max(20)]).nullish()

export const eventFilter = z
  .object({
    occurred: sub({ since: instant.nullish(), until: instant.nullish() }),
    event: sub({ prefix: texts, exclude_prefix: texts, name: texts, exclude_name: texts }),
    resource: sub({ id: texts, id_prefix: texts, labels, distinct: z.boolean().nullish() }),
    related: oneOrMany(related),
    any_resource: oneOrMany(anyResource),
    id: sub({ id: z.array(uuid).max(MAX_ITEMS).nullish() }),
    text: sub({ query: z.string().max(200).nullish() }),
    order: z.enum(['ASC', 'DESC']).nullish(),
  })
  .meta({ id: 'EventFilter' })

const DAY_MICROS = 86_400 * 1e6
/** Some parts of a filter may be one or a list. */
export const asList = <Item>(value: Item | Item[] | null | undefined): Item[] =>
  value == null ? [] : Array.isArray(value) ? value : [value]

/** The filter with its defaults: from midnight 180 days ago until now, newest first. */
export const eventFilterOf = (
  given: z.output<typeof eventFilter> | null | undefined,
  nowMicros: number,
): EventFilter => ({
  occurred: {
    since: given?.occurred?.since ?? Math.floor(nowMicros / DAY_MICROS - 180) * DAY_MICROS,
    until: given?.occurred?.until ?? nowMicros,
  },
  event: given?.event,
  resource: given?.resource,
  related: asList(given?.related),
  any_resource: asList(given?.any_resource),
  id: given?.id,
  text: given?.text,
  order: given?.order ?? 'DESC',
})
