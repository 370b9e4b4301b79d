import type { Hono } from 'hono'
import { afterAll } from 'vitest'
import { createApi } from '../api/app.ts'
import { openApiDocument } from '../api/openapi/document.ts'
import type { Route } from '../api/route.ts'
import { routes as allRoutes } from '../api/routes.ts'
import type { Services } from '../api/services.ts'
import { createLog } from '../config/log.ts'
import { createWork, forgetChanged } from '../control/work/create-work.ts'
import { uuidv7 } from '../db/uuid.ts'
import type { UserActor, WorkspaceRole } from '../domain/access/actor.ts'
import { boundRole } from '../domain/access/workspace-roles.ts'
import { nowMicros } from '../engine/clock.ts'
import { createEngine } from '../engine/create-engine.ts'
import { DueWork } from '../engine/due-work.ts'
import type { Identity } from '../identity/identity.ts'
import { createHub } from '../live/create-hub.ts'
import { createFeed } from '../live/event-feed.ts'
import { noReplicas } from '../live/replica-bus.ts'
import { type TestDatabase, testDatabase } from './database.ts'

export interface TestTenant {
  readonly accountId: string
  readonly workspaceId: string
  /** `/api/accounts/…/workspaces/…` */
  readonly base: string
  /** A key of the workspace's owner, or of another role. */
  readonly key: (role?: WorkspaceRole) => string
}

export interface TestAnswer {
  readonly status: number
  readonly text: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
  readonly json: any
  readonly headers: Headers
}

export interface TestApi {
  readonly db: TestDatabase
  readonly app: Hono
  readonly services: Services
  readonly tenant: () => Promise<TestTenant>
  /** `path` is below the tenant's workspace, or absolute when it begins with /api. A string body is sent as it is. */
  readonly call: (
    tenant: TestTenant,
    method: string,
    path: string,
    body?: unknown,
    options?: { readonly key?: string | null; readonly headers?: Record<string, string> },
  ) => Promise<TestAnswer>
}

/** What the document says that each operation may answer, by `METHOD /path`; the most literal template of a path counts. */
function declaredAnswers(routes: readonly Route[]) {
  const operations = Object.entries(openApiDocument(routes).paths).flatMap(([path, methods]) => {
    const parts = path.split('/').filter(Boolean)
    return Object.entries(methods).map(([method, operation]) => ({
      method: method.toUpperCase(),
      name: `${method.toUpperCase()} ${path}`,
      parts,
      literal: parts.filter((part) => !part.startsWith('{')).length,
      statuses: Object.keys(operation.responses),
    }))
  })
  operations.sort((a, b) => b.literal - a.literal)
  return (method: string, path: string) => {
    // As it is asked for: a name of one or two dots is a step within the path, and leads to another operation.
    const given = new URL(path, 'http://rigel.test').pathname.split('/').filter(Boolean)
    return operations.find(
      (it) =>
        it.method === method &&
        it.parts.length === given.length &&
        it.parts.every((part, i) => part.startsWith('{') || part === given[i]),
    )
  }
}

/** The API over a database of its own, without sockets or a port. Keys are `role:workspace`; real ones are the business of lib/identity. */
export async function testApi(routes: readonly Route[] = allRoutes): Promise<TestApi> {
  const db = await testDatabase()
  const accountOf = new Map<string, string>()
  const hub = createHub()
  const actorOf = (authorization: string | undefined): UserActor | null => {
    const [, role, workspaceId] = /^bearer (\w+):(\S+)$/i.exec(authorization ?? '') ?? []
    if (!role || !workspaceId) return null
    return {
      kind: 'user',
      userId: workspaceId,
      actorId: workspaceId,
      handle: role,
      name: role,
      by: { type: 'key', keyId: workspaceId },
      onlyWorkspaceId: workspaceId,
    } as UserActor
  }
  const identity: Identity = {
    authenticate: ({ authorization }) => actorOf(authorization),
    authenticateToken: (token) => actorOf(`Bearer ${token}`),
    enterWorkspace: (actor, accountId, workspaceId) => {
      if (
        actor.kind !== 'user' ||
        actor.onlyWorkspaceId !== workspaceId ||
        accountOf.get(workspaceId) !== accountId
      )
        return null
      return { accountId, workspaceId, ...boundRole(actor.handle as WorkspaceRole, null) }
    },
    enterAccount: (actor, accountId) =>
      actor.kind === 'user' && accountOf.get(actor.onlyWorkspaceId ?? '') === accountId
        ? { accountId, role: 'owner' }
        : null,
    onRevoked: () => () => {},
  }
  const due = new DueWork(noReplicas.provenAt)
  const engine = createEngine({
    db,
    publish: (workspaceId, changes) => forgetChanged(due, workspaceId, changes),
  })
  const work = createWork({
    db,
    engine,
    due,
    replicas: noReplicas,
    nowMicros,
    onError: (error) => {
      throw error
    },
  })
  // Before the database goes.
  afterAll(() => work.close())
  const services: Services = {
    db,
    engine,
    work,
    identity,
    hub,
    events: createFeed((event) => event.id),
    replicas: noReplicas,
    log: createLog('error'),
    publicUrl: 'http://rigel.test',
    authSecret: 'a secret of at least thirty-two characters',
    nowMicros,
    onShutdown: () => () => {},
    isReady: async () => true,
  }
  const app = createApi(services, routes)
  const declared = declaredAnswers(routes)
  return {
    db,
    app,
    services,
    async tenant() {
      const [accountId, workspaceId] = [uuidv7(), uuidv7()]
      const handle = `t${workspaceId.slice(24)}`
      await db.engine`insert into accounts (id, name, handle) values (${accountId}, ${handle}, ${handle})`
      await db.engine`insert into workspaces (id, account_id, name, handle) values (${workspaceId}, ${accountId}, 'w', 'w')`
      accountOf.set(workspaceId, accountId)
      return {
        accountId,
        workspaceId,
        base: `/api/accounts/${accountId}/workspaces/${workspaceId}`,
        key: (role = 'owner') => `${role}:${workspaceId}`,
      }
    },
    async call(tenant, method, path, body, { key, headers } = {}) {
      const full = path.startsWith('/api') ? path : tenant.base + path
      const answer = await app.request(full, {
        method,
        headers: {
          ...(key === null ? {} : { authorization: `Bearer ${key ?? tenant.key()}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      })
      const text = await answer.text()
      const operation = declared(method, full)
      // A document that leaves answers out misleads whoever makes a client of it.
      if (operation && !operation.statuses.includes(String(answer.status)))
        throw new Error(`${operation.name} answered ${answer.status}, which it does not declare: ${text}`)
      let json: unknown
      try {
        json = text === '' ? null : JSON.parse(text)
      } catch {
        json = undefined
      }
      return { status: answer.status, text, json, headers: answer.headers }
    },
  }
}
