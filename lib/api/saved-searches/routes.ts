import { z } from 'zod'
import { deleteSavedSearch } from '../../control/saved-searches/delete-saved-search.ts'
import { listSavedSearches } from '../../control/saved-searches/list-saved-searches.ts'
import { readSavedSearch } from '../../control/saved-searches/read-saved-search.ts'
import { saveSearch } from '../../control/saved-searches/save-search.ts'
import type { SavedSearchRow } from '../../db/rows/saved-search.ts'
import { rawMember } from '../../domain/raw-json.ts'
import type { RawJson } from '../../domain/state.ts'
import { limit, limitOf, offset } from '../filters/paging.ts'
import { route } from '../route.ts'
import { jsonValue, uuid } from '../schemas.ts'

const tag = 'Saved searches'
const see = { in: 'workspace', scope: 'see_flows' } as const
const manage = { in: 'workspace', scope: 'manage_saved_search' } as const
const byId = z.object({ id: uuid })

const word = z.string().max(1_000)
const searchFilter = z
  .object({ object: word, property: word, type: word, operation: word, value: jsonValue })
  .meta({ id: 'SavedSearchFilter' })

const searchAnswer = z
  .object({
    id: z.uuid(),
    created: z.iso.datetime(),
    updated: z.iso.datetime(),
    name: z.string(),
    filters: z.array(searchFilter),
  })
  .meta({ id: 'SavedSearch' })

/** JSON text: the filters go through as they were sent. */
function searchJson(row: SavedSearchRow): string {
  const fields = JSON.stringify({
    id: row.id,
    created: row.createdAt,
    updated: row.updatedAt,
    name: row.name,
  })
  return `${fields.slice(0, -1)},"filters":${row.filters}}`
}

const save = route({
  method: 'PUT',
  path: '/saved_searches/',
  permission: manage,
  summary: 'Keep a search under a name',
  tag,
  body: z.object({ name: z.string().min(1).max(500), filters: z.array(searchFilter).max(1_000).default([]) }),
  success: { 200: searchAnswer },
  handle: async ({ ctx, body, rawBody }) => {
    const sent = body.filters.length > 0 ? rawMember(rawBody, 'filters') : undefined
    const row = await saveSearch(ctx, { name: body.name, filters: sent ?? ('[]' as RawJson) })
    return { status: 200, rawJson: searchJson(row) }
  },
})

const read = route({
  method: 'GET',
  path: '/saved_searches/{id}',
  permission: see,
  summary: 'Read a saved search',
  tag,
  params: byId,
  success: { 200: searchAnswer },
  handle: async ({ ctx, params }) => ({
    status: 200,
    rawJson: searchJson(await readSavedSearch(ctx, params.id)),
  }),
})

const filter = route({
  method: 'POST',
  path: '/saved_searches/filter',
  permission: see,
  summary: 'List saved searches',
  tag,
  body: z.object({ limit, offset }),
  bodyOptional: true,
  success: { 200: z.array(searchAnswer) },
  handle: async ({ ctx, body }) => {
    const rows = await listSavedSearches(ctx, { limit: limitOf(body.limit), offset: body.offset })
    return { status: 200, rawJson: `[${rows.map(searchJson).join(',')}]` }
  },
})

const remove = route({
  method: 'DELETE',
  path: '/saved_searches/{id}',
  permission: manage,
  summary: 'Delete a saved search',
  tag,
  params: byId,
  success: { 204: null },
  handle: async ({ ctx, params }) => {
    await deleteSavedSearch(ctx, params.id)
    return { status: 204 }
  },
})

export const savedSearchRoutes = [save, filter, read, remove]
