import type { Transaction } from '../../db/clients.ts'
import {
  type BlockDocumentRow,
  type BlockSchemaRow,
  type BlockTypeRow,
  blockDocumentColumns,
  blockSchemaColumns,
  blockTypeColumns,
} from '../../db/rows/block.ts'
import { inWorkspace, readWorkspace } from '../../db/scope.ts'
import { uuidv7 } from '../../db/uuid.ts'
import {
  isObject,
  type Lossless,
  type LosslessObject,
  parseLossless,
  parseLosslessObject,
  writeLossless,
} from '../../domain/lossless-json.ts'
import { BadInput, Conflict, NotFound, Problem } from '../../domain/problem.ts'
import type { RawJson } from '../../domain/state.ts'
import type { Engine } from '../../engine/engine.ts'
import { type Context, requireScope } from '../context.ts'
import { BlockConditions, type BlockFilters } from '../filters/block-filters.ts'
import type { Fragment } from '../filters/operators.ts'
import { recordDocumentEvent } from './block-events.ts'
import {
  holdsSecrets,
  keepSecrets,
  moveSecrets,
  obfuscate,
  referenceOf,
  references,
  secretPaths,
} from './document-data.ts'
import type { BlockPage } from './list-block-types.ts'
import { recordSecretReading } from './record-secret-reading.ts'
import type { Vault } from './vault.ts'

/** A document as it may be read: references inlined, secrets hidden unless asked for. */
export interface BlockDocument extends Omit<BlockDocumentRow, 'data'> {
  readonly data: LosslessObject
  readonly schema: BlockSchemaRow
  readonly type: BlockTypeRow
  /** By field, the document that stands in it. */
  readonly references: ReadonlyMap<string, BlockDocument>
  /** Whether `data` shows a secret of this document's own. */
  readonly showsSecrets: boolean
}

export const documentSorts = ['NAME_ASC', 'NAME_DESC', 'BLOCK_TYPE_AND_NAME_ASC'] as const
export type DocumentSort = (typeof documentSorts)[number]

const orders = {
  NAME_ASC: (sql) => sql`d.name, d.id`,
  NAME_DESC: (sql) => sql`d.name desc, d.id desc`,
  BLOCK_TYPE_AND_NAME_ASC: (sql) => sql`t.name, d.name, d.id`,
} as const satisfies Record<DocumentSort, (sql: Transaction) => Fragment>

/** Documents inside documents inside documents: more levels than this are left out. */
const MAX_DEPTH = 10
const owner = (workspaceId: string, id: string): string => `${workspaceId}/${id}`

export type WhichDocument = { readonly id: string } | { readonly slug: string; readonly name: string }

/** false: secrets are hidden. The engine: they are shown, and the reading is recorded with it. */
export type Secrets = false | Engine

/** Throws NotFound. */
export async function readBlockDocument(
  ctx: Context,
  vault: Vault,
  which: WhichDocument,
  secrets: Secrets,
): Promise<BlockDocument> {
  const condition = (sql: Transaction): Fragment =>
    'id' in which ? sql`d.id = ${which.id}` : sql`t.slug = ${which.slug} and d.name = ${which.name}`
  const [document] = await readDocuments(ctx, vault, secrets, (sql) => ({
    where: sql`and ${condition(sql)}`,
    limit: 1,
  }))
  if (!document) throw new NotFound('Block document')
  return document
}

export interface DocumentPage extends BlockPage {
  readonly sort: DocumentSort
  readonly secrets: Secrets
}

export const listBlockDocuments = (
  ctx: Context,
  vault: Vault,
  { filters, secrets, sort, limit, offset }: DocumentPage,
): Promise<readonly BlockDocument[]> =>
  readDocuments(ctx, vault, secrets, (sql) => ({ where: onDocuments(sql, filters), sort, limit, offset }))

export async function countBlockDocuments(ctx: Context, filters: BlockFilters): Promise<number> {
  requireScope(ctx, 'see_blocks')
  const [row] = await readWorkspace(
    ctx.db,
    ctx.workspaceId,
    (sql) =>
      sql<
        { count: number }[]
      >`select count(*)::int as count from ${joined(sql)} where d.workspace_id = ${ctx.workspaceId} ${onDocuments(sql, filters)}`,
  )
  return row?.count ?? 0
}

const joined = (sql: Transaction): Fragment => sql`
  block_documents d
  join block_types t on t.workspace_id = d.workspace_id and t.id = d.block_type_id
  join block_schemas s on s.workspace_id = d.workspace_id and s.id = d.block_schema_id`

function onDocuments(sql: Transaction, filters: BlockFilters): Fragment {
  const is = new BlockConditions(sql)
  return is.and(
    is.document(filters.block_documents),
    is.type(filters.block_types),
    is.schema(filters.block_schemas),
  )
}

interface Selection {
  /** `and …` after the workspace's own condition. */
  readonly where: Fragment
  readonly sort?: DocumentSort
  readonly limit: number
  readonly offset?: number
}

async function readDocuments(
  ctx: Context,
  vault: Vault,
  secrets: Secrets,
  select: (sql: Transaction) => Selection,
): Promise<readonly BlockDocument[]> {
  requireScope(ctx, secrets ? 'see_secret_blocks' : 'see_blocks')
  const documents = await readWorkspace(ctx.db, ctx.workspaceId, (sql) =>
    selectDocuments(sql, ctx.workspaceId, vault, select(sql), secrets !== false),
  )
  if (secrets) await recordSecretReading(ctx, secrets, allShown(documents))
  return documents
}

/** Those whose secrets are shown, referenced ones too, each once. */
function allShown(documents: Iterable<BlockDocument>, shown = new Map<string, BlockDocument>()) {
  for (const document of documents) {
    if (document.showsSecrets) shown.set(document.id, document)
    allShown(document.references.values(), shown)
  }
  return [...shown.values()]
}

/** Documents as they may be read, for verbs that have checked who asks. */
export async function selectDocuments(
  sql: Transaction,
  workspaceId: string,
  vault: Vault,
  { where, sort = 'NAME_ASC', limit, offset = 0 }: Selection,
  includeSecrets = false,
): Promise<readonly BlockDocument[]> {
  const rows = await sql<BlockDocumentRow[]>`
    select ${blockDocumentColumns(sql)} from ${joined(sql)} where d.workspace_id = ${workspaceId} ${where}
    order by ${orders[sort](sql)} limit ${limit} offset ${offset}`
  return assemble(sql, workspaceId, vault, rows, includeSecrets)
}

interface Opened extends Omit<BlockDocumentRow, 'data'> {
  readonly data: LosslessObject
}

const opened = (vault: Vault, workspaceId: string, row: BlockDocumentRow): Opened => {
  const data = parseLossless(vault.open(row.data, owner(workspaceId, row.id)))
  return { ...row, data: isObject(data) ? data : new Map() }
}

/** Opens documents, and with them those that they refer to, level by level. */
async function assemble(
  sql: Transaction,
  workspaceId: string,
  vault: Vault,
  rows: readonly BlockDocumentRow[],
  includeSecrets: boolean,
): Promise<BlockDocument[]> {
  const all = new Map(rows.map((row) => [row.id, opened(vault, workspaceId, row)]))
  let level = [...all.values()]
  for (let depth = 0; depth < MAX_DEPTH && level.length > 0; depth++) {
    const missing = [...new Set(level.flatMap((document) => references(document.data)))].filter(
      (id) => !all.has(id) && UUID.test(id),
    )
    if (missing.length === 0) break
    const found = await sql<BlockDocumentRow[]>`
      select ${blockDocumentColumns(sql)} from block_documents d where d.workspace_id = ${workspaceId} and d.id = any(${missing}::uuid[])`
    level = found.map((row) => opened(vault, workspaceId, row))
    for (const document of level) all.set(document.id, document)
  }
  const [schemas, types] = await Promise.all([
    sql<BlockSchemaRow[]>`
      select ${blockSchemaColumns(sql)} from block_schemas s
      where s.workspace_id = ${workspaceId} and s.id = any(${[...all.values()].map((d) => d.blockSchemaId)}::uuid[])`,
    sql<BlockTypeRow[]>`
      select ${blockTypeColumns(sql)} from block_types t
      where t.workspace_id = ${workspaceId} and t.id = any(${[...all.values()].map((d) => d.blockTypeId)}::uuid[])`,
  ])
  const schemaOf = new Map(schemas.map((schema) => [schema.id, schema]))
  const typeOf = new Map(types.map((type) => [type.id, type]))
  const readable = (id: string, depth: number): BlockDocument[] => {
    const document = all.get(id)
    const schema = document && schemaOf.get(document.blockSchemaId)
    const type = document && typeOf.get(document.blockTypeId)
    if (!document || !schema || !type || depth > MAX_DEPTH) return []
    const inner = new Map<string, BlockDocument>()
    const data: LosslessObject = new Map()
    for (const [field, value] of document.data) {
      const target = referenceOf(value)
      const [child] = target === null ? [] : readable(target, depth + 1)
      // A document that was deleted since leaves its field empty.
      if (target === null) data.set(field, value)
      else if (child) {
        inner.set(field, child)
        data.set(field, child.data)
      }
    }
    const paths = secretPaths(parseLossless(schema.fields))
    const shown = includeSecrets ? data : obfuscate(data, paths)
    return [
      {
        ...document,
        data: isObject(shown) ? shown : data,
        schema,
        type,
        references: inner,
        showsSecrets: includeSecrets && holdsSecrets(data, paths),
      },
    ]
  }
  return rows.flatMap((row) => readable(row.id, 0))
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

export interface NewBlockDocument {
  readonly name: string | null
  readonly data: RawJson
  readonly blockSchemaId: string
  readonly blockTypeId: string
  readonly isAnonymous: boolean
}

/** Throws Conflict when the type has a document of that name, NotFound for an unknown schema, type or referenced document. */
export async function createBlockDocument(
  ctx: Context,
  engine: Engine,
  vault: Vault,
  document: NewBlockDocument,
): Promise<BlockDocument> {
  requireScope(ctx, 'manage_blocks')
  const { workspaceId } = ctx
  const { blockSchemaId, blockTypeId, isAnonymous } = document
  const data = documentData(document.data)
  if (document.name === null && !isAnonymous)
    throw new BadInput('Names must be provided for block documents.')
  const { readable, isNew } = await inWorkspace(ctx.db, workspaceId, async (sql) => {
    await checkSchema(sql, workspaceId, blockSchemaId, blockTypeId)
    await checkReferences(sql, workspaceId, data)
    const text = writeLossless(data)
    // Clients make an anonymous document on nearly every run, mostly the same: what is alike is one document.
    const name = document.name ?? `anonymous-${vault.fingerprint(`${blockSchemaId}\n${text}`)}`
    const id = uuidv7()
    const [made] = await sql<BlockDocumentRow[]>`
      insert into block_documents as d (workspace_id, id, block_type_id, block_schema_id, name, is_anonymous, data)
      values (${workspaceId}, ${id}, ${blockTypeId}, ${blockSchemaId}, ${name}, ${isAnonymous}, ${vault.seal(text, owner(workspaceId, id))})
      on conflict (workspace_id, block_type_id, name) do nothing returning ${blockDocumentColumns(sql)}`
    const [known] =
      made || document.name !== null
        ? []
        : await sql<BlockDocumentRow[]>`
            select ${blockDocumentColumns(sql)} from block_documents d
            where d.workspace_id = ${workspaceId} and d.block_type_id = ${blockTypeId} and d.name = ${name}`
    const row = made ?? known
    if (!row) throw new Conflict('Block already exists')
    const [assembled] = await assemble(sql, workspaceId, vault, [row], false)
    if (!assembled) throw new NotFound('Block document')
    return { readable: assembled, isNew: made !== undefined }
  })
  if (isNew) await recordDocumentEvent(ctx, engine, 'created', readable)
  return readable
}

export interface BlockDocumentChanges {
  readonly id: string
  readonly data: RawJson | null
  readonly blockSchemaId: string | null
  /** Whether fields that are not sent stay. */
  readonly mergeExistingData: boolean
}

/** Throws NotFound; BadInput for a schema of another type, or where it is not told what a secret becomes. */
export async function updateBlockDocument(
  ctx: Context,
  engine: Engine,
  vault: Vault,
  changes: BlockDocumentChanges,
): Promise<void> {
  requireScope(ctx, 'manage_blocks')
  const { workspaceId } = ctx
  const { id } = changes
  const [changed] = await inWorkspace(ctx.db, workspaceId, async (sql) => {
    const [row] = await sql<BlockDocumentRow[]>`
      select ${blockDocumentColumns(sql)} from block_documents d where d.workspace_id = ${workspaceId} and d.id = ${id} for update`
    if (!row) throw new NotFound('Block document')
    const schemaId = changes.blockSchemaId ?? row.blockSchemaId
    const fields = await checkSchema(sql, workspaceId, schemaId, row.blockTypeId)
    const stored = opened(vault, workspaceId, row).data
    const sent: LosslessObject = changes.data === null ? new Map() : documentData(changes.data)
    const merged = changes.mergeExistingData ? new Map([...stored, ...sent]) : sent
    const data =
      schemaId === row.blockSchemaId
        ? keepSecrets(merged, stored, secretPaths(fields))
        : moveSecrets(sent, merged, stored, {
            from: await checkSchema(sql, workspaceId, row.blockSchemaId, row.blockTypeId),
            to: fields,
          })
    if (isObject(data)) await checkReferences(sql, workspaceId, data)
    const sealed = vault.seal(writeLossless(data), owner(workspaceId, id))
    const updated = await sql<BlockDocumentRow[]>`
      update block_documents d set data = ${sealed}, block_schema_id = ${schemaId}, updated_at = now()
      where d.workspace_id = ${workspaceId} and d.id = ${id} returning ${blockDocumentColumns(sql)}`
    return assemble(sql, workspaceId, vault, updated, false)
  })
  if (changed) await recordDocumentEvent(ctx, engine, 'updated', changed)
}

/** Throws NotFound. */
export async function deleteBlockDocument(
  ctx: Context,
  engine: Engine,
  vault: Vault,
  id: string,
): Promise<void> {
  requireScope(ctx, 'manage_blocks')
  const { workspaceId } = ctx
  const [deleted] = await inWorkspace(ctx.db, workspaceId, async (sql) => {
    const rows = await sql<BlockDocumentRow[]>`
      delete from block_documents d where d.workspace_id = ${workspaceId} and d.id = ${id} returning ${blockDocumentColumns(sql)}`
    if (rows.length === 0) throw new NotFound('Block document')
    return assemble(sql, workspaceId, vault, rows, false)
  })
  if (deleted) await recordDocumentEvent(ctx, engine, 'deleted', deleted)
}

function documentData(text: RawJson): LosslessObject {
  const data = parseLosslessObject(text)
  if (!data)
    throw new BadInput('The data of a block document is a JSON object, nested 500 levels deep at most.')
  return data
}

/** The fields of the schema, which must be one of the type. */
async function checkSchema(
  sql: Transaction,
  workspaceId: string,
  schemaId: string,
  typeId: string,
): Promise<Lossless> {
  const [schema] = await sql<{ blockTypeId: string; fields: RawJson }[]>`
    select block_type_id, fields from block_schemas where workspace_id = ${workspaceId} and id = ${schemaId}`
  if (!schema) throw new NotFound('Block schema')
  if (schema.blockTypeId !== typeId) throw new BadInput('The block schema belongs to another block type.')
  return parseLossless(schema.fields)
}

async function checkReferences(sql: Transaction, workspaceId: string, data: LosslessObject): Promise<void> {
  const ids = [...new Set(references(data))]
  if (ids.length === 0) return
  if (ids.some((id) => !UUID.test(id)))
    throw new BadInput('A reference names a block document by an id that is not a UUID.')
  const found =
    await sql`select id from block_documents where workspace_id = ${workspaceId} and id = any(${ids}::uuid[])`
  if (found.length < ids.length)
    throw new Problem('not-found', 'A block document that this one refers to was not found.')
}
