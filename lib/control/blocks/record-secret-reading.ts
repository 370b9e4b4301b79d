import { uuidv7 } from '../../db/uuid.ts'
import type { RawJson } from '../../domain/state.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Context } from '../context.ts'
import type { BlockDocument } from './block-documents.ts'

/**
 * Keeps who read which documents' secrets: `rigel.block-document.secrets-read`, one event a document, under the document's
 * own resource. Throws when it cannot be kept, so that no secret is shown without its record.
 */
export async function recordSecretReading(
  ctx: Context,
  engine: Engine,
  documents: readonly BlockDocument[],
): Promise<void> {
  if (documents.length === 0) return
  const { actor } = ctx
  const [readerId, reader] =
    actor.kind === 'user'
      ? [
          `prefect-cloud.user.${actor.userId}`,
          {
            handle: actor.handle,
            with: actor.by.type,
            credential_id: actor.by.type === 'key' ? actor.by.keyId : actor.by.sessionId,
          },
        ]
      : [`rigel.service.${actor.service}`, { service: actor.service }]
  const occurredMicros = ctx.nowMicros()
  await engine.receiveEvents(
    ctx.workspaceId,
    documents.map(({ id, name, type }) => {
      const resource = {
        'prefect.resource.id': `prefect.block-document.${id}`,
        'prefect.resource.name': name,
      }
      const related = [
        { 'prefect.resource.id': readerId, 'prefect.resource.role': 'actor' },
        { 'prefect.resource.id': `prefect.block-type.${type.id}`, 'prefect.resource.role': 'block-type' },
      ]
      const payload = { by: reader, block_type: type.slug }
      return {
        id: uuidv7(),
        event: 'rigel.block-document.secrets-read',
        occurredMicros,
        follows: null,
        resource,
        related,
        payload,
        // Safe: an object was just written.
        body: JSON.stringify({ resource, related, payload }) as RawJson,
      }
    }),
  )
}
