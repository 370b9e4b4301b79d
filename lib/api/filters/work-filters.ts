import { z } from 'zod'
import { workerStatuses, workStatuses } from '../../domain/work/status.ts'
import {
  anyId,
  anyText,
  creatorFilter,
  equalFilter,
  filterOf,
  nameFilter,
  operator,
  queueNameFilter,
  spanFilter,
  sub,
  workerNameFilter,
} from './operators.ts'

const MAX_ITEMS = 10_000
const anyOf = <Item extends z.ZodType>(item: Item) => z.array(item).max(MAX_ITEMS).nullish()

export const workPoolListFilter = filterOf({
  operator,
  id: anyId,
  name: nameFilter,
  type: anyText,
  status: sub({ any_: anyOf(z.enum(workStatuses)) }),
  paused: equalFilter,
  created_by: creatorFilter,
  updated_by: creatorFilter,
}).meta({ id: 'WorkPoolListFilter' })

export const workQueueListFilter = filterOf({
  operator,
  id: anyId,
  name: queueNameFilter,
  created_by: creatorFilter,
  updated_by: creatorFilter,
}).meta({ id: 'WorkQueueListFilter' })

export const workerFilter = filterOf({
  operator,
  name: workerNameFilter,
  status: sub({ any_: anyOf(z.enum(workerStatuses)), not_any_: anyOf(z.enum(workerStatuses)) }),
  last_heartbeat_time: spanFilter,
}).meta({ id: 'WorkerFilter' })
