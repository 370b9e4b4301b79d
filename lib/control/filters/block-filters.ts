import type { Transaction } from '../../db/clients.ts'
import { type AnyOf, type Condition, type Names, type Operator, Operators } from './operators.ts'

type Maybe<Value> = Value | null | undefined

export interface BlockTypeFilter {
  readonly name?: Maybe<{ readonly like_?: Maybe<string> }>
  readonly slug?: Maybe<AnyOf<string>>
}

export interface BlockSchemaFilter {
  readonly operator?: Operator
  readonly block_type_id?: Maybe<AnyOf<string>>
  readonly block_capabilities?: Maybe<{ readonly all_?: Maybe<readonly string[]> }>
  readonly id?: Maybe<AnyOf<string>>
  readonly version?: Maybe<AnyOf<string>>
}

export interface BlockDocumentFilter {
  readonly operator?: Operator
  readonly id?: Maybe<AnyOf<string>>
  readonly is_anonymous?: Maybe<{ readonly eq_?: Maybe<boolean> }>
  readonly block_type_id?: Maybe<AnyOf<string>>
  readonly name?: Maybe<Names>
}

export interface BlockFilters {
  readonly block_types?: Maybe<BlockTypeFilter>
  readonly block_schemas?: Maybe<BlockSchemaFilter>
  readonly block_documents?: Maybe<BlockDocumentFilter>
}

/** Conditions on blocks. The aliases are fixed: `t` block_types, `s` block_schemas, `d` block_documents. */
export class BlockConditions {
  readonly #is: Operators

  constructor(readonly sql: Transaction) {
    this.#is = new Operators(sql)
  }

  type(filter: Maybe<BlockTypeFilter>): Condition {
    const { sql } = this
    return filter
      ? this.#is.join([this.#is.names(sql`t.name`, filter.name), this.#is.texts(sql`t.slug`, filter.slug)])
      : null
  }

  schema(filter: Maybe<BlockSchemaFilter>): Condition {
    const { sql } = this
    const is = this.#is
    if (!filter) return null
    const capabilities = filter.block_capabilities?.all_
    return is.join(
      [
        is.ids(sql`s.block_type_id`, filter.block_type_id),
        capabilities ? sql`s.capabilities @> ${[...capabilities]}::text[]` : null,
        is.ids(sql`s.id`, filter.id),
        is.texts(sql`s.version`, filter.version),
      ],
      filter.operator,
    )
  }

  document(filter: Maybe<BlockDocumentFilter>): Condition {
    const { sql } = this
    const is = this.#is
    // Anonymous documents are clients' own business and show up only when asked for.
    if (!filter) return sql`not d.is_anonymous`
    const anonymous = filter.is_anonymous?.eq_
    const asked = is.join(
      [
        is.ids(sql`d.id`, filter.id),
        typeof anonymous === 'boolean' ? sql`d.is_anonymous = ${anonymous}` : null,
        is.ids(sql`d.block_type_id`, filter.block_type_id),
        is.names(sql`d.name`, filter.name),
      ],
      filter.operator,
    )
    return is.join([filter.is_anonymous === undefined ? sql`not d.is_anonymous` : null, asked])
  }

  /** The type `t` has such a schema. */
  hasSchema(workspaceId: string, filter: Maybe<BlockSchemaFilter>): Condition {
    return this.#is.related(
      this.schema(filter),
      (its) =>
        this
          .sql`exists (select from block_schemas s where s.workspace_id = ${workspaceId} and s.block_type_id = t.id and ${its})`,
    )
  }

  and(...parts: readonly Condition[]) {
    return this.#is.and(this.#is.join(parts))
  }
}
