import { describe, expect, test } from 'vitest'
import type { RawJson } from '../../domain/state.ts'
import { requireUsableSchema, requireValid } from './check-parameters.ts'

// Safe: written by JSON.stringify.
const raw = (value: unknown) => JSON.stringify(value) as RawJson
const check = (schema: unknown, values: unknown, ignoreRequired = false) =>
  requireValid({
    doing: 'Error creating flow run',
    noun: 'parameter',
    schema: raw(schema),
    values: raw(values),
    ignoreRequired,
  })
const problem = (schema: unknown, values: unknown): string => {
  try {
    check(schema, values)
    return ''
  } catch (error) {
    return (error as Error).message
  }
}

/** As pydantic 2 writes it for `(name: str, times: int = 1, limits: Limits | None = None, pair: tuple[int, str] = …)`. */
const schema = {
  title: 'Parameters',
  type: 'object',
  properties: {
    name: { position: 0, title: 'name', type: 'string' },
    times: { default: 1, position: 1, title: 'times', type: 'integer' },
    limits: { anyOf: [{ $ref: '#/definitions/Limits' }, { type: 'null' }], default: null, title: 'limits' },
    pair: { prefixItems: [{ type: 'integer' }, { type: 'string' }], type: 'array' },
    old: { items: [{ type: 'integer' }], type: 'array' },
    colour: { enum: ['red', 'blue'] },
    when: { format: 'date-time', type: 'string' },
    block: {
      type: 'object',
      block_type_slug: 'slack',
      properties: { url: { type: 'string' } },
      required: ['url'],
    },
    tree: { $ref: '#/definitions/Tree' },
  },
  required: ['name'],
  definitions: {
    Limits: {
      type: 'object',
      properties: { low: { type: 'number', minimum: 0 } },
      required: ['low'],
      additionalProperties: false,
    },
    Tree: {
      type: 'object',
      properties: {
        id: { type: 'integer' },
        children: { type: 'array', items: { $ref: '#/definitions/Tree' } },
      },
    },
  },
}

describe('parameters held against their schema', () => {
  test('pass when they fit', () => {
    check(schema, {
      name: 'x',
      times: 3,
      limits: { low: 1.5 },
      pair: [1, 'a'],
      old: [1],
      colour: 'red',
      when: 'whenever',
    })
    check(schema, {
      name: 'x',
      limits: null,
      pair: null,
      block: { $ref: 'some id' },
      tree: { children: [{ children: [] }] },
    })
    check(schema, { name: 'x', unknown: 1 })
    check(schema, {}, true)
    check({}, { anything: 1 })
  })

  test.each([
    [{}, 'parameter name is required'],
    [{ name: 'x', times: 'often' }, 'parameter times must be integer, not "often"'],
    [{ name: 'x', times: null }, 'parameter times must be integer, not null'],
    [{ name: null }, 'parameter name must be string, not null'],
    [{ name: 'x', limits: { low: -1 } }, 'parameter limits.low must be >= 0, not -1'],
    [{ name: 'x', limits: {} }, 'parameter limits.low is required'],
    [{ name: 'x', limits: { low: 1, high: 2 } }, 'parameter limits.high is not a name that is known here'],
    [{ name: 'x', pair: ['a', 'b'] }, 'parameter pair[0] must be integer, not "a"'],
    [{ name: 'x', old: ['a'] }, 'parameter old[0] must be integer, not "a"'],
    [{ name: 'x', colour: 'green' }, 'parameter colour must be one of "red", "blue", not "green"'],
    [{ name: 'x', block: {} }, 'parameter block.url is required'],
    [
      { name: 'x', tree: { children: [{ id: 'a' }] } },
      'parameter tree.children[0].id must be integer, not "a"',
    ],
  ])('%j', (values, sentence) =>
    expect(problem(schema, values)).toContain(`Error creating flow run: ${sentence}`),
  )

  test('tells what is wrong inside of what may be left out, and not that it may', () => {
    const schema = { properties: { env: { type: 'object', additionalProperties: { type: 'string' } } } }
    expect(problem(schema, { env: { A: 1 } })).toMatch(/parameter env.A must be string, not 1\.$/)
    expect(problem(schema, { env: 5 })).toContain('parameter env must be object or null, not 5')
  })

  test('tells of several at once', () => {
    expect(problem(schema, { times: 'a' })).toMatch(
      /parameter name is required.*parameter times must be integer/,
    )
  })

  test.each([
    [{ $ref: 'https://example.com/schema.json' }, 'nothing is fetched'],
    [{ properties: { a: { $ref: 'file:///etc/passwd' } } }, 'nothing is fetched'],
    [{ $ref: '#' }, 'refers to itself'],
    [{ properties: { a: { $ref: '#/definitions/None' } } }, 'which it does not hold'],
    [
      { $ref: '#/definitions/A', definitions: { A: { anyOf: [{ $ref: '#/definitions/A' }, {}] } } },
      'refers to itself',
    ],
    [
      { properties: { a: { $ref: '#/definitions/A' } }, definitions: { A: { $ref: '#/definitions/A' } } },
      'The schema at #/definitions/A refers to itself',
    ],
    [{ type: 'text' }, 'cannot be read'],
    [{ properties: [] }, 'must be an object'],
    [{ properties: { a: { pattern: '(' } } }, 'pattern'],
    [[], 'must be an object'],
    ['x', 'must be an object'],
  ])('a schema such as %j is refused', (bad, why) => {
    expect(() => requireUsableSchema(raw(bad))).toThrow(why)
  })

  test('takes schemas whose names would lead out of an object', () => {
    const odd = JSON.parse(
      '{"properties":{"__proto__":{"type":"integer"},"constructor":{"type":"string"}},"$id":"x","id":"y","$schema":"nowhere","$async":true}',
    )
    requireUsableSchema(raw(odd))
    check(odd, { constructor: 'a' })
    // What every object inherits was given by nobody.
    check(odd, {})
    expect(problem({ required: ['toString'] }, {})).toContain('toString is required')
  })

  test('ends what would take for ever', () => {
    const slow = { properties: { a: { type: 'string', pattern: '^(a+)+$' } } }
    expect(problem(slow, { a: `${'a'.repeat(60)}!` })).toContain('takes too long')
    const definitions = Object.fromEntries(
      Array.from({ length: 40 }, (_, i) => [
        `d${i}`,
        i === 39
          ? { type: 'integer' }
          : { allOf: [{ $ref: `#/definitions/d${i + 1}` }, { $ref: `#/definitions/d${i + 1}` }] },
      ]),
    )
    expect(() => requireUsableSchema(raw({ $ref: '#/definitions/d0', definitions }))).toThrow(
      'takes too long',
    )
    // And the next one is none the worse for it.
    check(slow, { a: 'aaa' })
  })
})
