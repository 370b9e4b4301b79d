import { z } from 'zod'
import { instant, jsonObject, stateType, uuid } from '../schemas.ts'

const MAX_ITEMS = 10_000

export const text = z.string().max(5_000)
const list = <Item extends z.ZodType>(item: Item) => z.array(item).max(MAX_ITEMS).nullish()
export const operator = z.enum(['and_', 'or_']).nullish()
const flag = z.boolean().nullish()

/**
 * A filter, or a part of one. Unknown keys are refused, unlike those of other bodies: a condition that was dropped would find,
 * delete or cancel what nobody asked for. Null is no condition, also of what is not known here: clients send all that they know.
 */
export const filterOf = <Shape extends z.ZodRawShape>(shape: Shape) =>
  // Safe: nobody reads what is not in the shape, and all of that is null.
  z.object(shape).catchall(z.null('Unrecognized key')) as unknown as z.ZodObject<Shape, z.core.$strict>
export const sub = <Shape extends z.ZodRawShape>(shape: Shape) => filterOf(shape).nullish()

export const anyId = sub({ any_: list(uuid) })
export const idFilter = sub({ any_: list(uuid), not_any_: list(uuid) })
export const anyText = sub({ any_: list(text) })
export const anyRelatedId = sub({ operator, any_: list(uuid) })
export const anyRelatedText = sub({ operator, any_: list(text) })
export const textFilter = sub({ any_: list(text), not_any_: list(text) })
export const nameFilter = sub({ any_: list(text), like_: text.nullish() })
export const workerNameFilter = sub({ any_: list(text), not_any_: list(text), like_: text.nullish() })
export const keyFilter = sub({ any_: list(text), like_: text.nullish(), exists_: flag })
export const queueNameFilter = sub({ any_: list(text), startswith_: list(text) })
export const idPresence = sub({ operator, any_: list(uuid), is_null_: flag })
export const textPresence = sub({ operator, any_: list(text), is_null_: flag })
export const tagsFilter = sub({ operator, all_: list(text), any_: list(text), is_null_: flag })
export const ownTagsFilter = sub({ operator, all_: list(text), is_null_: flag })
export const nullFilter = sub({ operator, is_null_: flag })
export const existsFilter = sub({ exists_: flag })
export const equalFilter = sub({ eq_: flag })
export const spanFilter = sub({ before_: instant.nullish(), after_: instant.nullish() })
export const nullableSpanFilter = sub({
  before_: instant.nullish(),
  after_: instant.nullish(),
  is_null_: flag,
})
export const flowRunStateFilter = sub({
  operator,
  type: sub({ any_: list(stateType), not_any_: list(stateType) }),
  name: textFilter,
})
export const taskRunStateFilter = sub({ operator, type: sub({ any_: list(stateType) }), name: anyText })
export const creatorFilter = sub({ operator, id_: list(uuid), type_: list(text), is_null_: flag })
export const versionIdFilter = sub({ operator, deployment_id: uuid.nullish(), any_: list(uuid) })
export const versionInfoFilter = sub({ operator, deployment_id: uuid.nullish(), any_: list(jsonObject) })
