import { createHash, randomBytes } from 'node:crypto'
import { formatKey, maskKey } from '../../../agent/src/protocol/keys.ts'
import { apiKeys } from '../../db/schema/identity.ts'
import { uuidv7 } from '../../db/uuid.ts'
import type { WorkspaceRole } from '../../domain/access/actor.ts'
import type { Work } from '../users/unit-of-work.ts'

export interface NewKey {
  readonly userId: string
  readonly name: string
  /** null: all workspaces of the user. */
  readonly workspaceId: string | null
  /** null: all that the user may. */
  readonly role: WorkspaceRole | null
  /** null: never. */
  readonly expiresAt: Date | null
}

export interface IssuedKey extends NewKey {
  readonly id: string
  /** Shown once; only its hash is kept. */
  readonly key: string
  readonly maskedKey: string
  readonly createdAt: Date
}

/** Throws the dice, keeps the hash and answers the key. Whether the caller may is the verb's to ask. */
export async function issueKey(work: Work, input: NewKey): Promise<IssuedKey> {
  const key = formatKey('user', randomBytes(20))
  const row = {
    ...input,
    id: uuidv7(),
    maskedKey: maskKey(key),
    keyHash: createHash('sha256').update(key).digest(),
    createdAt: new Date(),
  }
  await work.insert(apiKeys).values(row)
  const { keyHash: _, ...issued } = row
  return { ...issued, key }
}
