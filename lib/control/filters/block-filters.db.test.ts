import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import {
  blockDocumentFilter as wireDocument,
  blockSchemaFilter as wireSchema,
  blockTypeFilter as wireType,
} from '../../api/blocks/schemas.ts'
import { uuidv7 } from '../../db/uuid.ts'
import { testDatabase } from '../../testing/database.ts'
import { ownWorkspace } from '../../testing/owner.ts'
import {
  all,
  any,
  anyOf,
  ascending,
  descending,
  few,
  given,
  inTurn,
  join,
  like,
  named,
  nullish,
  onPage,
  page,
  some$,
  sub,
  untouched,
  type Verdict,
} from '../../testing/plain-filters.ts'
import { countBlockDocuments, documentSorts, listBlockDocuments } from '../blocks/block-documents.ts'
import { listBlockSchemas } from '../blocks/block-schemas.ts'
import { listBlockTypes } from '../blocks/list-block-types.ts'
import { vaultOf } from '../blocks/vault.ts'
import type {
  BlockDocumentFilter,
  BlockFilters,
  BlockSchemaFilter,
  BlockTypeFilter,
} from './block-filters.ts'

// The verbs must find what a plain reading of the filter finds, in the order and on the page that were asked for.

// Hundreds of questions a test: a machine that does other things too needs its time.
vi.setConfig({ testTimeout: 180_000 })

const db = await testDatabase()
const ctx = await ownWorkspace(db)
const stranger = await ownWorkspace(db)
const vault = vaultOf('a secret of at least thirty-two characters')

let seed = 5
const dice = (sides: number): number => {
  seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
  return Math.floor((seed / 2_147_483_648) * sides)
}
const pick = <Item>(items: readonly Item[]): Item => items[dice(items.length)] as Item

interface Type {
  id: string
  name: string
  slug: string
}
interface Schema {
  id: string
  type: Type
  capabilities: string[]
  version: string
  created: number
}
interface Document {
  id: string
  type: Type
  schema: Schema
  name: string
  isAnonymous: boolean
}

const types: Type[] = ['Load', 'lo_d', 'save', 'Loads', 'x'].map((name, i) => ({
  id: uuidv7(),
  name,
  slug: `slug-${i % 5}`,
}))
const schemas: Schema[] = Array.from({ length: 14 }, (_, i) => ({
  id: uuidv7(),
  type: pick(types.slice(0, 4)),
  capabilities: pick([[], ['read'], ['read', 'write'], ['write']]),
  version: pick(['1', '2', 'non-versioned']),
  created: i,
}))
const documents: Document[] = Array.from({ length: 40 }, (_, i) => {
  const schema = pick(schemas)
  const isAnonymous = dice(4) === 0
  return { id: uuidv7(), type: schema.type, schema, name: `${pick(['load', 'save', 'x'])}${i}`, isAnonymous }
})

for (const { workspaceId } of [stranger, ctx]) {
  // Under a stranger's ids a stranger's rows: none of them may show up.
  for (const { id, name, slug } of types)
    await db.engine`insert into block_types (workspace_id, id, name, slug, is_protected) values (${workspaceId}, ${id}, ${name}, ${slug}, true)`
  for (const { id, type, capabilities, version, created } of schemas)
    await db.engine`
      insert into block_schemas (workspace_id, id, block_type_id, checksum, fields, capabilities, version, created_at)
      values (${workspaceId}, ${id}, ${type.id}, ${id}, '{}', ${capabilities}::text[], ${version}, ${new Date(created * 1000)})`
  for (const { id, type, schema, name, isAnonymous } of documents)
    await db.engine`
      insert into block_documents (workspace_id, id, block_type_id, block_schema_id, name, is_anonymous, data)
      values (${workspaceId}, ${id}, ${type.id}, ${schema.id}, ${name}, ${isAnonymous}, ${vault.seal('{}', `${workspaceId}/${id}`)})`
}

const isType = (type: Type, filter: BlockTypeFilter): Verdict =>
  join('and_', [
    given(filter.name, ({ like_ }) => given(like_, (pattern) => like(type.name, pattern)) ?? true),
    given(filter.slug, (f) => any(type.slug, f)),
  ])
const isSchema = (schema: Schema, filter: BlockSchemaFilter): Verdict =>
  join(filter.operator, [
    given(filter.block_type_id, (f) => any(schema.type.id, f)),
    given(filter.block_capabilities?.all_, (list) => list.every((one) => schema.capabilities.includes(one))),
    given(filter.id, (f) => any(schema.id, f)),
    given(filter.version, (f) => any(schema.version, f)),
  ])
const isDocument = (document: Document, filter: BlockDocumentFilter): Verdict =>
  all([
    filter.is_anonymous === undefined ? !document.isAnonymous : true,
    join(filter.operator, [
      given(filter.id, (f) => any(document.id, f)),
      given(filter.is_anonymous?.eq_, (wanted) => document.isAnonymous === wanted),
      given(filter.block_type_id, (f) => any(document.type.id, f)),
      given(filter.name, (f) => named(document.name, f)),
    ]),
  ])

const patterns = fc.constantFrom('', 'l', 'LOAD', '_', '%', 'lo%d', '\\')
const typeFilter: fc.Arbitrary<BlockTypeFilter> = fc.record(
  {
    name: sub({ like_: nullish(patterns) }),
    slug: anyOf([...types.map(({ slug }) => slug), 'other']),
  },
  { requiredKeys: [] },
)
const schemaFilter: fc.Arbitrary<BlockSchemaFilter> = few({
  block_type_id: anyOf(types.map(({ id }) => id)),
  block_capabilities: nullish(fc.record({ all_: some$(['read', 'write', 'fly']) })),
  id: anyOf(schemas.map(({ id }) => id)),
  version: anyOf(['1', '2', '3']),
})
const documentFilter: fc.Arbitrary<BlockDocumentFilter> = few({
  id: anyOf(documents.map(({ id }) => id)),
  is_anonymous: nullish(fc.record({ eq_: nullish(fc.boolean()) })),
  block_type_id: anyOf(types.map(({ id }) => id)),
  name: sub({ any_: nullish(some$(documents.map(({ name }) => name))), like_: nullish(patterns) }),
})
const filters: fc.Arbitrary<BlockFilters> = fc.record(
  {
    block_types: nullish(typeFilter),
    block_schemas: nullish(schemaFilter),
    block_documents: nullish(documentFilter),
  },
  { requiredKeys: [] },
)
/** Where no schema is asked for, none need be there. */
const asksForSchema = (filter: BlockSchemaFilter): boolean => {
  const parts = Object.entries(filter).filter(([key, value]) => key !== 'operator' && value)
  const asks = parts.map(([, value]) => Object.values(value).some((v) => v !== null && v !== undefined))
  return filter.operator === 'or_' ? asks.length > 0 && asks.every(Boolean) : asks.some(Boolean)
}

const ids = (rows: readonly { id: string }[]) => rows.map(({ id }) => id)
const settings = { numRuns: 150 }
const everything = { limit: 1_000, offset: 0 }

test('what the wire takes is asked here, and turns rows away', () => {
  expect({
    types: untouched(wireType, typeFilter, types, isType),
    schemas: untouched(wireSchema, schemaFilter, schemas, isSchema),
    // Anonymous documents are left out before anything is asked.
    documents: untouched(wireDocument, documentFilter, documents, (document, filter) =>
      isDocument(document, { is_anonymous: null, ...filter }),
    ),
  }).toEqual({ types: [], schemas: [], documents: [] })
})

test('block types, of which one schema may be asked', async () => {
  await fc.assert(
    fc.asyncProperty(filters, async (filter) => {
      const { block_types, block_schemas } = filter
      const found = await listBlockTypes(ctx, { filters: filter, ...everything })
      const expected = types.filter(
        (type) =>
          (!block_types || isType(type, block_types) === true) &&
          (!block_schemas ||
            !asksForSchema(block_schemas) ||
            schemas.some((schema) => schema.type === type && isSchema(schema, block_schemas) === true)),
      )
      expect(ids(found).toSorted()).toEqual(ids(expected).toSorted())
    }),
    settings,
  )
})

test('block schemas, the newest first, page by page', async () => {
  await fc.assert(
    fc.asyncProperty(nullish(schemaFilter), page(['NEWEST']), async (filter, asked) => {
      const found = await listBlockSchemas(ctx, { filters: { block_schemas: filter }, ...asked })
      const expected = schemas.filter((schema) => !filter || isSchema(schema, filter) === true)
      const orders = { NEWEST: descending((schema: Schema) => schema.created) }
      expect(ids(found)).toEqual(ids(onPage(expected, orders, asked)))
    }),
    settings,
  )
})

test('block documents by their own, their type and their schema, in every order, page by page, and how many', async () => {
  const id = (document: Document) => document.id
  const name = (document: Document) => document.name
  const orders = {
    NAME_ASC: inTurn(ascending(name), ascending(id)),
    NAME_DESC: inTurn(descending(name), descending(id)),
    BLOCK_TYPE_AND_NAME_ASC: inTurn(
      // As the database has types in order: by its own collation.
      ascending((document: Document) => typeOrder.indexOf(document.type.id)),
      ascending(name),
      ascending(id),
    ),
  }
  const typeOrder = ids(await listBlockTypes(ctx, { filters: {}, ...everything }))
  await fc.assert(
    fc.asyncProperty(filters, page(documentSorts), async (filter, asked) => {
      const { block_types, block_schemas, block_documents } = filter
      const expected = documents.filter(
        (document) =>
          (block_documents ? isDocument(document, block_documents) === true : !document.isAnonymous) &&
          (!block_types || isType(document.type, block_types) === true) &&
          (!block_schemas || isSchema(document.schema, block_schemas) === true),
      )
      const found = await listBlockDocuments(ctx, vault, { filters: filter, secrets: false, ...asked })
      expect(ids(found)).toEqual(ids(onPage(expected, orders, asked)))
      expect(await countBlockDocuments(ctx, filter)).toBe(expected.length)
    }),
    settings,
  )
})
