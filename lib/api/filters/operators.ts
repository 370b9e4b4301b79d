import { z } from 'zod'
import { instant, stateType, uuid } from '../schemas.ts'

const MAX_ITEMS = 10_000

export const text = z.string().max(5_000)
const list = <Item extends z.ZodType>(item: Item) => z.array(item).max(MAX_ITEMS).nullish()
export const operator = z.enum(['and_', 'or_']).nullish()
const flag = z.boolean().nullish()

/** Unknown keys are ignored, since newer and older clients send some; wrong values are not. */
export const sub = <Shape extends z.ZodRawShape>(shape: Shape) => z.object(shape).nullish()

export const anyId = sub({ any_: list(uuid) })
export const idFilter = sub({ any_: list(uuid), not_any_: list(uuid) })
export const anyText = sub({ any_: list(text) })
export const textFilter = sub({ any_: list(text), not_any_: list(text) })
export const nameFilter = sub({ any_: list(text), like_: text.nullish() })
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
