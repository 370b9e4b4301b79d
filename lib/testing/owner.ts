import type { Context } from '../control/context.ts'
import type { Database } from '../db/clients.ts'
import { uuidv7 } from '../db/uuid.ts'
import type { UserActor } from '../domain/access/actor.ts'
import { boundRole } from '../domain/access/workspace-roles.ts'
import { nowMicros } from '../engine/clock.ts'

/** A workspace of its own with who owns it, for tests of verbs. */
export async function ownWorkspace(db: Database): Promise<Context> {
  const [accountId, workspaceId, userId] = [uuidv7(), uuidv7(), uuidv7()]
  const handle = `t${workspaceId.slice(24)}`
  await db.engine`insert into accounts (id, name, handle) values (${accountId}, ${handle}, ${handle})`
  await db.engine`insert into workspaces (id, account_id, name, handle) values (${workspaceId}, ${accountId}, 'w', 'w')`
  const actor: UserActor = {
    kind: 'user',
    userId,
    actorId: userId,
    handle,
    name: handle,
    by: { type: 'key', keyId: userId },
    onlyWorkspaceId: null,
    maxRole: null,
    expiresAtMs: null,
  }
  return {
    actor,
    workspaceId,
    access: { accountId, workspaceId, ...boundRole('owner', null) },
    db,
    nowMicros,
  }
}
