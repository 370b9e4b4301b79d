import { z } from 'zod'
import { BadInput } from '../../domain/problem.ts'

export const MAX_LIMIT = 200
export const MAX_BULK = 50

/** Range is checked by `limitOf`, whose sentences clients show. */
export const limit = z.int().optional().meta({ minimum: 0, maximum: MAX_LIMIT, default: MAX_LIMIT })
export const bulkLimit = z.int().optional().meta({ minimum: 1, maximum: MAX_BULK, default: MAX_BULK })
export const offset = z.int().min(0).default(0)
export const page = z.int().min(1).default(1)

/** Rows to answer at most; throws BadInput with the published sentence. */
export function limitOf(given: number | undefined, max = MAX_LIMIT): number {
  const rows = given ?? max
  if (rows < 0) throw new BadInput('Invalid limit: must be greater than or equal to 0.')
  if (rows > max) throw new BadInput(`Invalid limit: must be less than or equal to ${max}.`)
  return rows
}

/** JSON text of a page; `results` are JSON texts. */
export const pageJson = (
  results: readonly string[],
  count: number,
  pageNumber: number,
  rows: number,
): string =>
  `{"results":[${results.join(',')}],"count":${count},"limit":${rows},"pages":${rows === 0 ? 0 : Math.ceil(count / rows)},"page":${pageNumber}}`

export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ results: z.array(item), count: z.int(), limit: z.int(), pages: z.int(), page: z.int() })
