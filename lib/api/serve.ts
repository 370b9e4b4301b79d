import { randomUUID } from 'node:crypto'
import type { z } from 'zod'
import type { Context } from '../control/context.ts'
import type { Actor, WorkspaceAccess } from '../domain/access/actor.ts'
import { accountRoles } from '../domain/access/actor.ts'
import type { ClientView } from '../domain/orchestration/decide.ts'
import { Problem } from '../domain/problem.ts'
import { apiVersionProblem, clientView } from './client-view.ts'
import { holdsUnstorableText, withStorableText } from './json.ts'
import { answerOfError, badJson, invalidInput, notFound, problem, unauthorized } from './problems.ts'
import type { Answer, Call, Route } from './route.ts'
import type { Services } from './services.ts'

/** A request as a route sees it, whatever server it came through. */
export interface Edge {
  /** Absolute path, without the query. */
  readonly path: string
  /** Lower-case names. */
  readonly header: (name: string) => string | undefined
  readonly query: () => Record<string, string>
  /** The body as text; null when it is longer than `maxBytes`. */
  readonly readText: (maxBytes: number) => Promise<string | null>
  /** `http` or `https`, as the socket has it. */
  readonly scheme: string
  /** Aborts when the caller goes away before it has the answer. */
  readonly gone: () => AbortSignal
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const DEFAULT_MAX_BYTES = 5 * 1024 * 1024

const isIdName = (name: string): boolean => name === 'id' || name.endsWith('_id')

/** Authorises, parses, calls the route and turns errors into answers: the one way through which every request goes. */
export async function serveRoute(
  services: Services,
  route: Route,
  params: Record<string, string>,
  edge: Edge,
): Promise<Answer> {
  try {
    return await serve(services, route, params, edge)
  } catch (error) {
    const answer = answerOfError(error)
    // The caller learns when to try again; why it has to is for the operator.
    if (answer?.status === 503 && !(error instanceof Problem))
      services.log.warn({ err: error }, 'the database could not do what a request asked')
    return answer ?? unexpected(services, error)
  }
}

async function serve(
  services: Services,
  route: Route,
  params: Record<string, string>,
  edge: Edge,
): Promise<Answer> {
  const { header } = edge
  const { permission } = route
  const apiVersion = header('x-prefect-api-version')
  const versionProblem = apiVersionProblem(apiVersion)
  if (versionProblem) return problem(400, versionProblem)
  for (const name in params) {
    const value = params[name] ?? ''
    // Before authorisation only the shape is told, which anybody can see. Nothing has a name with a NUL character.
    if (isIdName(name) ? !UUID.test(value) : value.includes('\0')) return notFound()
  }

  let actor: Actor | null = null
  let access: WorkspaceAccess | null = null
  const userAgent = header('user-agent')
  if (!('why' in permission)) {
    actor = await services.identity.authenticate({
      authorization: header('authorization'),
      cookie: header('cookie'),
      userAgent,
    })
    if (!actor) return unauthorized()
    const granted = await authorize(services, route, actor, params, header)
    if (granted && 'status' in granted) return granted
    access = granted
  }

  let rawBody = ''
  let body: unknown
  if (route.method !== 'GET' && (route.body !== undefined || route.method !== 'DELETE')) {
    const read = await readBody(edge, route)
    if ('status' in read) return read
    rawBody = read.text
    body = read.value
  }
  const query = route.query?.safeParse(edge.query())
  if (query && !query.success) return invalidInput('query', query.error as z.ZodError)
  const checkedParams = route.params?.safeParse(params)
  if (checkedParams && !checkedParams.success) return invalidInput('path', checkedParams.error as z.ZodError)
  if (route.body) {
    const read = route.quickBody?.(body) ?? null
    if (read !== null) body = read
    else {
      const checked = route.body.safeParse(body)
      if (!checked.success) return invalidInput('body', checked.error as z.ZodError)
      body = checked.data
    }
  }
  return route.handle(
    new RequestCall(services, edge, {
      params,
      checkedParams: checkedParams?.data ?? params,
      query: query?.data ?? {},
      body,
      rawBody,
      client: clientView(userAgent, apiVersion),
      userAgent,
      // Safe: only routes that anybody may call are without an actor, and those do not ask for it.
      actor: actor as Actor,
      access: access as WorkspaceAccess,
    }),
  )
}

interface Read {
  readonly params: Record<string, string>
  readonly checkedParams: unknown
  readonly query: unknown
  readonly body: unknown
  readonly rawBody: string
  readonly client: ClientView
  readonly userAgent: string | undefined
  readonly actor: Actor
  readonly access: WorkspaceAccess
}

/**
 * A class for its getters' sake: each object that is written down with getters of its own gets a shape of its own, which costs
 * microseconds to make and outlives the request.
 */
class RequestCall implements Call<unknown, unknown, unknown> {
  readonly params: unknown
  readonly query: unknown
  readonly body: unknown
  readonly rawBody: string
  readonly client: ClientView
  readonly userAgent: string | undefined
  readonly header: (name: string) => string | undefined
  readonly path: string
  readonly gone: () => AbortSignal
  readonly services: Services
  readonly actor: Actor
  readonly access: WorkspaceAccess
  readonly accountId: string
  readonly workspaceId: string
  readonly #edge: Edge

  constructor(services: Services, edge: Edge, read: Read) {
    this.params = read.checkedParams
    this.query = read.query
    this.body = read.body
    this.rawBody = read.rawBody
    this.client = read.client
    this.userAgent = read.userAgent
    this.header = edge.header
    this.path = edge.path
    this.gone = edge.gone
    this.services = services
    this.actor = read.actor
    this.access = read.access
    this.accountId = read.params.account_id?.toLowerCase() ?? ''
    this.workspaceId = read.params.workspace_id?.toLowerCase() ?? ''
    this.#edge = edge
  }

  get origin(): string {
    return this.services.publicUrl ?? requestOrigin(this.#edge)
  }

  get ctx(): Context {
    const { actor, access, workspaceId, services } = this
    return { actor, access, workspaceId, db: services.db, nowMicros: services.nowMicros }
  }
}

/** The access that was granted, null where none is needed, or the refusal. */
async function authorize(
  services: Services,
  route: Route,
  actor: Actor,
  params: Record<string, string>,
  header: (name: string) => string | undefined,
): Promise<WorkspaceAccess | Answer | null> {
  // A browser attaches cookies to requests that other sites start; a custom header they cannot add without our consent.
  if (
    actor.kind === 'user' &&
    actor.by.type === 'session' &&
    route.method !== 'GET' &&
    header('x-rigel-csrf') !== '1'
  ) {
    return problem(
      403,
      'A request with a browser session needs the header x-rigel-csrf: 1, which other sites cannot send.',
    )
  }
  const { permission } = route
  if (permission.in === 'workspace') {
    const access = await services.identity.enterWorkspace(
      actor,
      (params.account_id ?? '').toLowerCase(),
      (params.workspace_id ?? '').toLowerCase(),
    )
    if (!access) return notFound()
    if (!access.scopes.has(permission.scope)) {
      return problem(
        403,
        `This needs the permission ${permission.scope}, which the role ${access.role} does not have. An owner of the workspace can give it.`,
      )
    }
    return access
  }
  if (permission.in === 'account') {
    const access = await services.identity.enterAccount(actor, (params.account_id ?? '').toLowerCase())
    if (!access) return notFound()
    if (accountRoles.indexOf(access.role) > accountRoles.indexOf(permission.role)) {
      return problem(403, `This needs the account role ${permission.role}; yours is ${access.role}.`)
    }
  }
  return null
}

async function readBody(edge: Edge, route: Route): Promise<{ text: string; value: unknown } | Answer> {
  const max = route.maxBytes ?? DEFAULT_MAX_BYTES
  const encoding = edge.header('content-encoding')
  if (encoding !== undefined && encoding !== 'identity') {
    const why = `The body comes with content-encoding ${encoding.slice(0, 50)}, which is not read here; send it as it is.`
    return problem(415, why, { 'accept-encoding': 'identity' })
  }
  const tooLarge = () => problem(413, `The body is larger than ${max} bytes, the most that this route takes.`)
  if (Number(edge.header('content-length') ?? 0) > max) return tooLarge()
  let text = await edge.readText(max)
  if (text === null) return tooLarge()
  if (text === '') {
    if (route.body && !route.bodyOptional) return badJson('The body is empty; JSON was expected.')
    return { text: '{}', value: {} }
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return badJson(`The body is not JSON: ${(error as Error).message.slice(0, 200)}`)
  }
  if (holdsUnstorableText(text)) {
    if (route.text !== 'replace') {
      return badJson('The body holds a NUL character or half of a surrogate pair, which cannot be stored.')
    }
    text = withStorableText(text)
    value = JSON.parse(text)
  }
  if (route.nulls !== 'keep' && value !== null && typeof value === 'object' && !Array.isArray(value)) {
    const members = value as Record<string, unknown>
    for (const key in members) if (members[key] === null) delete members[key]
  }
  return { text, value }
}

function requestOrigin(edge: Edge): string {
  const forwarded = edge.header('x-forwarded-proto')?.split(',')[0]?.trim()
  const host = edge.header('x-forwarded-host')?.split(',')[0]?.trim() ?? edge.header('host') ?? 'localhost'
  return `${forwarded === 'https' ? 'https' : edge.scheme}://${host}`
}

/** Unknown errors are logged whole and shown as a sentence with an id to find them by. */
export function unexpected(services: Services, error: unknown): Answer {
  const requestId = randomUUID()
  services.log.error({ err: error, requestId }, 'a request failed')
  return {
    status: 500,
    json: {
      detail: `Something went wrong on the server. Ask its operator to look for request ${requestId} in the log.`,
      exception_message: 'Internal Server Error',
      request_id: requestId,
    },
  }
}
