import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { fullPath } from '../app.ts'
import { routes } from '../routes.ts'
import { type JsonSchema, openApiDocument } from './document.ts'
import { apiPage } from './page.ts'

const document = openApiDocument(routes)
const WORKSPACE = '/api/accounts/{account_id}/workspaces/{workspace_id}'
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({
    path,
    method,
    operation,
    name: `${method.toUpperCase()} ${path}`,
  })),
)

describe('the document', () => {
  test('has every route, once, with its permission', () => {
    expect(operations.map(({ name }) => name).sort()).toEqual(
      routes.map((route) => `${route.method} ${fullPath(route)}`).sort(),
    )
    for (const { operation, name } of operations) {
      expect(operation['x-rigel-permission'], name).not.toBe('')
      expect(operation.description, name).toMatch(/^(Needs|Open to anybody\.)/)
    }
  })

  test('gives every operation a name of its own', () => {
    const ids = operations.map(({ operation }) => operation.operationId)
    expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([])
  })

  test('refers to nothing that it does not hold', () => {
    const names = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(
      ([, name]) => name,
    )
    expect([...new Set(names)].filter((name) => !(String(name) in document.components.schemas))).toEqual([])
    expect(JSON.stringify(document)).not.toContain('$defs')
  })

  test('says of every operation what can go wrong', () => {
    for (const { operation, name, path } of operations) {
      const statuses = Object.keys(operation.responses)
      expect(statuses, name).toEqual(expect.arrayContaining(['400', '500', '503']))
      if (operation.security.length > 0)
        expect(statuses, name).toEqual(expect.arrayContaining(['401', '403']))
      if (path.includes('{')) expect(statuses, name).toContain('404')
      if (operation.requestBody) expect(statuses, name).toEqual(expect.arrayContaining(['413', '415', '422']))
    }
  })

  test('is a page too, which fetches nothing', () => {
    const page = apiPage(document)
    for (const { path } of operations) expect(page).toContain(path)
    expect(page).not.toMatch(/<script|<link|src=|@import|url\(/)
    expect(page.match(/<details>/g)?.length).toBe(operations.length)
  })
})

// Against what others have published of this dialect --------------------------------------------------------------------

interface Published {
  readonly paths: Record<string, Record<string, PublishedOperation>>
}
interface PublishedOperation {
  readonly requestBody?: { readonly content?: Record<string, { readonly schema?: JsonSchema }> }
  readonly responses?: Record<string, { readonly content?: Record<string, { readonly schema?: JsonSchema }> }>
}

const folder = new URL('../../../../shared/protocol/', import.meta.url)
const methods = ['get', 'post', 'put', 'patch', 'delete']

/** The object that a schema describes, through references, null alternatives and arrays. */
function shape(
  root: unknown,
  schema: JsonSchema | undefined,
): { properties: Record<string, JsonSchema>; required: readonly string[] } {
  const none = { properties: {}, required: [] }
  if (!schema) return none
  if (typeof schema.$ref === 'string') {
    const target = schema.$ref
      .slice(2)
      .split('/')
      .reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], root)
    return shape(root, target as JsonSchema)
  }
  const parts = (schema.allOf ?? schema.anyOf) as JsonSchema[] | undefined
  if (parts) {
    const shapes = parts.filter((part) => part.type !== 'null').map((part) => shape(root, part))
    return {
      properties: Object.assign({}, ...shapes.map((part) => part.properties)),
      required: shapes.length === 1 || schema.allOf ? shapes.flatMap((part) => part.required) : [],
    }
  }
  if (schema.type === 'array') return shape(root, schema.items as JsonSchema)
  return {
    properties: (schema.properties ?? {}) as Record<string, JsonSchema>,
    required: (schema.required ?? []) as readonly string[],
  }
}

const bodyOf = (operation: PublishedOperation): JsonSchema | undefined =>
  operation.requestBody?.content?.['application/json']?.schema
const answerOf = (operation: PublishedOperation): JsonSchema | undefined =>
  Object.entries(operation.responses ?? {})
    .filter(([status]) => status.startsWith('2'))
    .map(([, response]) => response.content?.['application/json']?.schema)
    .find((schema) => schema !== undefined)

/** Where Rigel knowingly differs, and why. */
const differs: readonly (readonly [operation: RegExp, why: string])[] = [
  [/csrf-token does not answer/, 'No token is ever given out: keys are not sent by browsers on their own.'],
  [
    /set_state does not take emit_event$/,
    "Taken and ignored: what others rely on seeing is not one caller's to silence.",
  ],
  [/flow_runs does not take infrastructure_document_id$/, 'Taken and ignored until agents are served.'],
]

/** Who made a flow or queue, and who changed a pool last, nobody keeps here: asked for it, Rigel says that it knows no such part. */
const unkept: readonly RegExp[] = [
  /^flows\.(created_by|updated_by)$/,
  /^work_pools\.updated_by$/,
  /^(work_queues|work_pool_queues)\.(created_by|updated_by)$/,
]

/** What a schema lets one choose from, also through references and null alternatives. */
function choices(root: unknown, schema: JsonSchema): readonly unknown[] {
  if (typeof schema.$ref === 'string') {
    const parts = schema.$ref.slice(2).split('/')
    const target = parts.reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], root)
    return choices(root, target as JsonSchema)
  }
  const alternatives = (schema.allOf ?? schema.anyOf ?? []) as JsonSchema[]
  return [
    ...((schema.enum as unknown[] | undefined) ?? []),
    ...alternatives.flatMap((one) => choices(root, one)),
  ]
}

const isFilter = (schema: JsonSchema): boolean =>
  /"#\/components\/schemas\/\w*Filter"/.test(JSON.stringify(schema))

describe.each([
  ['prefect-openapi.json', WORKSPACE],
  ['prefect-cloud-openapi.json', ''],
])('held against %s', (file, prefix) => {
  const url = new URL(file, folder)
  test.skipIf(!existsSync(url))('every operation that is served takes and answers what is published', () => {
    const published = JSON.parse(readFileSync(url, 'utf8')) as Published
    const plain = (path: string): string => path.replace(/\{[^}]+\}/g, '{}').replace(/\/$/, '')
    const ours = new Map(
      operations.map(({ method, path, operation }) => [`${method} ${plain(path)}`, operation]),
    )
    let served = 0
    const missing: string[] = []
    const wrong: string[] = []
    for (const [path, item] of Object.entries(published.paths)) {
      for (const method of methods) {
        const theirs = item[method]
        if (!theirs) continue
        const name = `${method} ${plain(prefix + path)}`
        const mine = ours.get(name)
        if (!mine) {
          missing.push(`${method.toUpperCase()} ${path}`)
          continue
        }
        served++
        const asked = Object.keys(shape(published, bodyOf(theirs)).properties)
        const taken = shape(document, bodyOf(mine)).properties
        for (const key of asked) if (!(key in taken)) wrong.push(`${name} does not take ${key}`)
        const answered = shape(document, answerOf(mine))
        for (const key of shape(published, answerOf(theirs)).required) {
          if (!answered.required.includes(key)) wrong.push(`${name} does not answer ${key}`)
        }
      }
    }
    process.stdout.write(`${file}: ${served} operations served, ${missing.length} still missing\n`)
    expect(wrong.filter((line) => !differs.some(([known]) => known.test(line)))).toEqual([])
    expect(served).toBeGreaterThan(50)
  })

  // What a filter of ours does not know it refuses: clients of either kind need every one of these.
  test.skipIf(!existsSync(url))(
    'every property of a filter and every order that is published is taken',
    () => {
      const published = JSON.parse(readFileSync(url, 'utf8')) as Published
      const plain = (path: string): string => path.replace(/\{[^}]+\}/g, '{}').replace(/\/$/, '')
      const missing = new Set<string>()
      const compare = (path: string, theirs: JsonSchema, mine: JsonSchema): void => {
        const offered = choices(document, mine)
        for (const value of choices(published, theirs))
          if (offered.length > 0 && !offered.includes(value)) missing.add(`${path} ${value}`)
        const taken = shape(document, mine).properties
        for (const [key, schema] of Object.entries(shape(published, theirs).properties)) {
          const own = taken[key]
          if (own) compare(`${path}.${key}`, schema, own)
          else if (Object.keys(taken).length > 0) missing.add(`${path}.${key}`)
        }
      }
      let compared = 0
      for (const [path, item] of Object.entries(published.paths)) {
        const name = plain(prefix + path)
        const mine = operations.find((one) => one.method === 'post' && plain(one.path) === name)
        if (!item.post || !mine || path.includes('/events')) continue
        const taken = shape(document, bodyOf(mine.operation)).properties
        for (const [key, schema] of Object.entries(shape(published, bodyOf(item.post)).properties)) {
          const own = taken[key]
          if (!own || !(key === 'sort' || isFilter(schema))) continue
          compared++
          compare(key === 'sort' ? `${path} by` : key, schema, own)
        }
      }
      expect([...missing].filter((one) => !unkept.some((known) => known.test(one)))).toEqual([])
      expect(compared).toBeGreaterThan(40)
    },
  )
})
