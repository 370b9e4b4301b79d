import type { z } from 'zod'
import type { Context } from '../control/context.ts'
import type { AccountRole, Actor, WorkspaceAccess } from '../domain/access/actor.ts'
import type { WorkspaceScope } from '../domain/access/scopes.ts'
import type { ClientView } from '../domain/orchestration/decide.ts'
import type { Services } from './services.ts'

/**
 * A route is a value: where it is, who may call it, what it takes, what it can answer. The router, the OpenAPI
 * document and the tests that walk all routes read the same value.
 */
export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** Who may call a route. Every route names one; there is no default. */
export type Permission =
  /** `path` is below `/api/accounts/{account_id}/workspaces/{workspace_id}`. */
  | { readonly in: 'workspace'; readonly scope: WorkspaceScope }
  /** Below `/api/accounts/{account_id}`; the least role. */
  | { readonly in: 'account'; readonly role: AccountRole }
  /** Below `/api`: whoever has a valid key or session. */
  | { readonly in: 'actor' }
  /** Below `/api`: anybody. `why` stands in the document. */
  | { readonly in: 'public'; readonly why: string }
  /** Below the workspace's prefix, but tells nothing of it: anybody (health, version). */
  | { readonly in: 'workspace-public'; readonly why: string }
  /** The path is absolute: anybody (pages of the documentation). */
  | { readonly in: 'root'; readonly why: string }

export interface Answer {
  readonly status: number
  /** Sent as JSON. */
  readonly json?: unknown
  /** JSON text that is sent as it is: numbers of any size survive. */
  readonly rawJson?: string
  /** Plain text or another type (see `headers['content-type']`); a stream for large downloads. */
  readonly body?: string | ReadableStream<Uint8Array>
  readonly headers?: Readonly<Record<string, string>>
}

export interface Call<Params, Query, Body> {
  readonly params: Params
  readonly query: Query
  readonly body: Body
  /** The body's text, checked to be JSON; `rawMember` cuts exact values out of it. */
  readonly rawBody: string
  readonly client: ClientView
  readonly userAgent: string | undefined
  readonly header: (name: string) => string | undefined
  /** `https://rigel.example` as the caller sees it, without a slash at the end. */
  readonly origin: string
  /** Absolute path of this request. */
  readonly path: string
  /** Aborts when the caller goes away before it has the answer: for routes that wait. */
  readonly gone: () => AbortSignal
  readonly services: Services
  /** Answers null where the permission is public. */
  readonly actor: Actor
  readonly access: WorkspaceAccess
  readonly accountId: string
  readonly workspaceId: string
  /** For verbs of lib/control. */
  readonly ctx: Context
}

export interface RouteSpec<Params extends z.ZodType, Query extends z.ZodType, Body extends z.ZodType> {
  readonly method: Method
  /** Below the permission's prefix; parameters as `{id}`, matched as a UUID when the name is or ends in `id`. Collections end in a slash; both spellings are served. */
  readonly path: string
  readonly permission: Permission
  readonly summary: string
  readonly tag: string
  readonly params?: Params
  readonly query?: Query
  readonly body?: Body
  /**
   * A quick reader of the commonest bodies of a hot route: answers what `body` would make of it, or null, and then `body` reads it.
   * It may be stricter than `body`, never laxer; a property test holds it against `body`.
   */
  readonly quickBody?: (value: unknown) => z.output<Body> | null
  /** A missing body means `{}`. */
  readonly bodyOptional?: true
  /** At the top of the body, null means "use the default" (POST) unless the body is a patch, where null is a value. */
  readonly nulls?: 'default' | 'keep'
  /** NUL characters and lone surrogates: refused with 422, or replaced by U+FFFD where losing the neighbours would be worse. */
  readonly text?: 'refuse' | 'replace'
  /** Largest body in bytes; default 5 MiB. */
  readonly maxBytes?: number
  /** Schemas of the success answers; null: no body. */
  readonly success: Readonly<Record<number, z.ZodType | null>>
  /** Statuses besides 401, 403, 404, 422, which follow from the other parts. */
  readonly errors?: readonly number[]
  readonly handle: (call: Call<z.output<Params>, z.output<Query>, z.output<Body>>) => Promise<Answer> | Answer
}

export type Route = RouteSpec<z.ZodType, z.ZodType, z.ZodType>

/** Ties the types of one route together and forgets them, so that routes of all kinds share a list. */
export function route<Params extends z.ZodType, Query extends z.ZodType, Body extends z.ZodType>(
  spec: RouteSpec<Params, Query, Body>,
): Route {
  // Safe: the router hands `handle` exactly what these schemas gave.
  return spec as unknown as Route
}
