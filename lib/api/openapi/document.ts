import { z } from 'zod'
import { fullPath } from '../app.ts'
import type { Permission, Route } from '../route.ts'

export type JsonSchema = { readonly [key: string]: unknown }

export interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly description: string
  readonly tags: readonly string[]
  readonly 'x-rigel-permission': string
  readonly security: readonly Record<string, readonly string[]>[]
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: {
    readonly required: boolean
    readonly content: Record<string, { readonly schema: JsonSchema }>
  }
  readonly responses: Readonly<Record<string, Response>>
}

export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query'
  readonly required: boolean
  readonly schema: JsonSchema
}

interface Response {
  readonly description: string
  readonly headers?: JsonSchema
  readonly content?: Record<string, { readonly schema: JsonSchema }>
}

export interface OpenApiDocument {
  readonly openapi: '3.1.0'
  readonly info: { readonly title: string; readonly version: string; readonly description: string }
  readonly servers: readonly { readonly url: string }[]
  readonly tags: readonly { readonly name: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Record<string, JsonSchema>; readonly securitySchemes: JsonSchema }
}

const DESCRIPTION = `Paths are complete: workspaces live below /api/accounts/{account_id}/workspaces/{workspace_id}.
Authenticate with an API key: \`Authorization: Bearer rgu_…\`. Instants are RFC 3339 in UTC with microseconds, durations are seconds.
In a body, null at the top means the default, but for PATCH, where null is a value and absent leaves what is there. Unknown keys are ignored.
Both spellings of a path are served, with and without a slash at its end. Another tenant's id is not found.`

/** The document of these routes, from the very schemas that validate. */
export function openApiDocument(routes: readonly Route[]): OpenApiDocument {
  const schemas: Record<string, JsonSchema> = { Problem: problemSchema }
  const paths: Record<string, Record<string, Operation>> = {}
  for (const route of routes) {
    const path = fullPath(route)
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route, path, schemas) }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Rigel', version: '1', description: DESCRIPTION },
    servers: [{ url: '/' }],
    tags: [...new Set(routes.map((route) => route.tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas,
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: 'An API key, made under Settings → API keys.' },
      },
    },
  }
}

function operation(route: Route, path: string, schemas: Record<string, JsonSchema>): Operation {
  const isOpen = 'why' in route.permission
  const takesBody = route.body !== undefined && route.method !== 'GET'
  const parameters = [...pathParameters(route, path, schemas), ...queryParameters(route, schemas)]
  return {
    operationId: operationId(route.method, path),
    summary: route.summary,
    description: permissionSentence(route.permission),
    tags: [route.tag],
    'x-rigel-permission': permissionName(route.permission),
    security: isOpen ? [] : [{ key: [] }],
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(takesBody && route.body
      ? {
          requestBody: {
            required: !route.bodyOptional,
            content: { 'application/json': { schema: jsonSchema(route.body, 'input', schemas) } },
          },
        }
      : {}),
    responses: responses(route, path, parameters.length > 0 || takesBody, schemas),
  }
}

/** `post_workspace_flows_filter`: names of client functions are made of it. */
const operationId = (method: string, path: string): string =>
  `${method.toLowerCase()}_${path
    .replace('/api/accounts/{account_id}/workspaces/{workspace_id}/', 'workspace/')
    .replace('/api/accounts/{account_id}/', 'account/')
    .replace('/api/', '')
    .replace(/[^a-zA-Z0-9]+/g, '_')
    .replace(/^_|_$/g, '')}`

export const permissionName = (permission: Permission): string =>
  permission.in === 'workspace'
    ? permission.scope
    : permission.in === 'account'
      ? `account:${permission.role}`
      : permission.in === 'actor'
        ? 'signed-in'
        : 'public'

export function permissionSentence(permission: Permission): string {
  switch (permission.in) {
    case 'workspace':
      return `Needs the permission \`${permission.scope}\` in the workspace.`
    case 'account':
      return `Needs the account role \`${permission.role}\` or a higher one.`
    case 'actor':
      return 'Needs a valid API key or session.'
    case 'public':
    case 'workspace-public':
    case 'root':
      return `Open to anybody. ${permission.why}`
  }
}

const isIdName = (name: string): boolean => name === 'id' || name.endsWith('_id')

function pathParameters(route: Route, path: string, schemas: Record<string, JsonSchema>): Parameter[] {
  const known = propertiesOf(route.params, schemas)
  return [...path.matchAll(/\{([a-z_]+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: isIdName(name)
      ? { type: 'string', format: 'uuid' }
      : (known.get(name)?.schema ?? { type: 'string' }),
  }))
}

const queryParameters = (route: Route, schemas: Record<string, JsonSchema>): Parameter[] =>
  [...propertiesOf(route.query, schemas)].map(([name, { schema, required }]) => ({
    name,
    in: 'query',
    required,
    schema,
  }))

function propertiesOf(schema: z.ZodType | undefined, schemas: Record<string, JsonSchema>) {
  const object = schema ? jsonSchema(schema, 'input', schemas) : {}
  const required = (object.required ?? []) as readonly string[]
  return new Map(
    Object.entries((object.properties ?? {}) as Record<string, JsonSchema>).map(([name, property]) => [
      name,
      { schema: property, required: required.includes(name) },
    ]),
  )
}

const problemSchema: JsonSchema = {
  type: 'object',
  description: 'What stood in the way. Older clients read exception_message.',
  properties: {
    detail: {
      anyOf: [
        { type: 'string' },
        {
          type: 'array',
          items: {
            type: 'object',
            properties: {
              loc: { type: 'array', items: { type: ['string', 'integer'] } },
              msg: { type: 'string' },
              type: { type: 'string' },
            },
            required: ['loc', 'msg', 'type'],
          },
        },
      ],
    },
    exception_message: { type: 'string' },
    exception_detail: {},
    request_id: { type: 'string', format: 'uuid' },
  },
  required: ['detail', 'exception_message'],
}

const meanings: Readonly<Record<number, string>> = {
  200: 'Done',
  201: 'Created',
  202: 'Accepted',
  204: 'Done; there is no body',
  302: 'Elsewhere',
  400: 'The request cannot be met as it stands, or its API version is not spoken',
  401: 'No valid API key or session came with the request',
  403: 'The key or session may not do this',
  404: 'There is no such thing here',
  409: 'It exists already, or another change came first',
  410: 'It is gone',
  413: 'The body is too large',
  415: 'The body is compressed, or encoded otherwise',
  422: 'A value is missing or not of its kind',
  423: 'No slot is free; try again after the seconds in Retry-After',
  429: 'Too many requests; try again after the seconds in Retry-After',
  500: 'The server failed; the answer carries an id to find it in the log by',
  503: 'The database is away or busy; the same request may be sent again',
}

function responses(
  route: Route,
  path: string,
  takesInput: boolean,
  schemas: Record<string, JsonSchema>,
): Record<string, Response> {
  const found: Record<string, Response> = {}
  for (const [status, schema] of Object.entries(route.success)) {
    found[status] = { description: meanings[Number(status)] ?? 'Done', ...successContent(schema, schemas) }
  }
  for (const status of errorStatuses(route, path, takesInput)) {
    if (found[status]) continue
    const waits = status === 423 || status === 429 || status === 503
    found[status] = {
      description: meanings[status] ?? 'Refused',
      ...(waits
        ? { headers: { 'Retry-After': { description: 'Seconds to wait', schema: { type: 'number' } } } }
        : {}),
      content: { 'application/json': { schema: { $ref: '#/components/schemas/Problem' } } },
    }
  }
  return found
}

function successContent(
  schema: z.ZodType | null,
  schemas: Record<string, JsonSchema>,
): Pick<Response, 'content'> {
  if (schema === null) return {}
  const contentType = schema.meta()?.contentType
  return {
    content: {
      [typeof contentType === 'string' ? contentType : 'application/json']: {
        schema: jsonSchema(schema, 'output', schemas),
      },
    },
  }
}

/** What can go wrong with a request of this route, from what the route says of itself. */
export function errorStatuses(route: Route, path: string, takesInput: boolean): number[] {
  const isOpen = 'why' in route.permission
  const takesBody = route.method !== 'GET' && (route.body !== undefined || route.method !== 'DELETE')
  const statuses = [
    400,
    ...(isOpen ? [] : [401, 403]),
    ...(path.includes('{') ? [404] : []),
    ...(takesBody ? [413, 415] : []),
    ...(takesInput || takesBody ? [422] : []),
    500,
    503,
    ...(route.errors ?? []),
  ]
  return [...new Set(statuses)].sort((a, b) => a - b)
}

/** JSON Schema of a zod schema; parts with a name of their own go to the components. */
function jsonSchema(
  schema: z.ZodType,
  io: 'input' | 'output',
  schemas: Record<string, JsonSchema>,
): JsonSchema {
  const {
    $defs,
    $schema: _,
    ...own
  } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override: ({ jsonSchema: part }) => {
      // Tolerant reading is said once, for all of them; a closed answer would forbid what later versions add.
      if (part.additionalProperties === false) delete part.additionalProperties
      delete part.contentType
    },
  }) as Record<string, JsonSchema>
  const moved = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(moved)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => [
        key,
        key === '$ref' && typeof member === 'string'
          ? member.replace('#/$defs/', '#/components/schemas/')
          : moved(member),
      ]),
    )
  }
  for (const [name, definition] of Object.entries($defs ?? {})) {
    const { id: _id, ...rest } = definition as JsonSchema
    schemas[name] = moved(rest) as JsonSchema
  }
  const { id, ...rest } = own
  if (typeof id !== 'string') return moved(rest) as JsonSchema
  schemas[id] = moved(rest) as JsonSchema
  return { $ref: `#/components/schemas/${id}` }
}
