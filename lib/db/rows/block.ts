import type { RawJson } from '../../domain/state.ts'
import type { Queryable } from '../clients.ts'

export interface BlockTypeRow {
  readonly id: string
  readonly name: string
  readonly slug: string
  readonly logoUrl: string | null
  readonly documentationUrl: string | null
  readonly description: string | null
  readonly codeExample: string | null
  readonly isProtected: boolean
  readonly createdAt: string
  readonly updatedAt: string
}

/** The columns of BlockTypeRow; `t` is block_types. */
export const blockTypeColumns = (sql: Queryable) => sql`
  t.id, t.name, t.slug, t.logo_url, t.documentation_url, t.description, t.code_example, t.is_protected, t.created_at, t.updated_at`

export interface BlockSchemaRow {
  readonly id: string
  readonly blockTypeId: string
  readonly checksum: string
  readonly fields: RawJson
  readonly capabilities: readonly string[]
  readonly version: string
  readonly createdAt: string
  readonly updatedAt: string
}

/** The columns of BlockSchemaRow; `s` is block_schemas. */
export const blockSchemaColumns = (sql: Queryable) =>
  sql`s.id, s.block_type_id, s.checksum, s.fields, s.capabilities, s.version, s.created_at, s.updated_at`

export interface BlockDocumentRow {
  readonly id: string
  readonly blockTypeId: string
  readonly blockSchemaId: string
  readonly name: string
  readonly isAnonymous: boolean
  readonly data: Uint8Array
  readonly createdAt: string
  readonly updatedAt: string
}

/** The columns of BlockDocumentRow; `d` is block_documents. */
export const blockDocumentColumns = (sql: Queryable) =>
  sql`d.id, d.block_type_id, d.block_schema_id, d.name, d.is_anonymous, d.data, d.created_at, d.updated_at`
