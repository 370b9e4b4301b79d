import type { BlockTypeRow } from '../../db/rows/block.ts'
import type { RawJson } from '../../domain/state.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Context } from '../context.ts'
import { type ObjectEvent, recordObjectEvent } from '../events/record-object-event.ts'
import type { BlockDocument } from './block-documents.ts'
import { OBFUSCATED } from './document-data.ts'

type Happened = 'created' | 'updated' | 'deleted'

/** Events end at 1.5 MB: what may be read of the object anyway is cut. */
const MAX_TEXT = 100_000
const cut = (text: string | null): string | null => text?.slice(0, MAX_TEXT) ?? null

export const blockTypeEvent = (happened: Happened, type: BlockTypeRow): ObjectEvent => ({
  noun: 'block-type',
  happened,
  id: type.id,
  name: type.name,
  // Safe: an object was just written.
  payload: JSON.stringify({
    name: type.name,
    slug: type.slug,
    logo_url: cut(type.logoUrl),
    documentation_url: cut(type.documentationUrl),
    description: cut(type.description),
    code_example: cut(type.codeExample),
    is_protected: type.isProtected,
  }) as RawJson,
})

/** Of the data the texts at the top that are no secrets. `document` is one that was read without its secrets. */
function blockDocumentEvent(happened: Happened, document: BlockDocument): ObjectEvent {
  const { id, name, type, schema } = document
  let room = MAX_TEXT
  const texts = [...document.data].filter(([, value]) => {
    if (typeof value !== 'string' || value === OBFUSCATED || value.length > room) return false
    room -= value.length
    return true
  })
  return {
    noun: 'block-document',
    happened,
    id,
    name,
    related: {
      [`prefect.block-type.${type.id}`]: 'block-type',
      [`prefect.block-schema.${schema.id}`]: 'block-schema',
    },
    // Safe: an object was just written.
    payload: JSON.stringify({
      name,
      data: Object.fromEntries(texts),
      block_schema: {
        capabilities: schema.capabilities,
        block_type: { id: type.id, name: type.name },
      },
    }) as RawJson,
  }
}

/** Anonymous documents are clients' own business: nothing is told of them. */
export async function recordDocumentEvent(
  ctx: Context,
  engine: Engine,
  happened: Happened,
  document: BlockDocument,
): Promise<void> {
  if (!document.isAnonymous) await recordObjectEvent(ctx, engine, blockDocumentEvent(happened, document))
}
