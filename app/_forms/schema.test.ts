import { describe, expect, test } from 'vitest'
import { parseLosslessObject } from '#lib/domain/lossless-json.ts'
import { faultsOf, faultWords, prettyLossless, readSchema, withFallbacks } from './schema.ts'

const values = (json: string) => parseLosslessObject(json) ?? new Map()
const faults = (schema: object, json: string) =>
  Object.fromEntries(faultsOf(readSchema(JSON.stringify(schema)), values(json)))

describe('fields of a schema', () => {
  test('are what their types, formats and references say, in the order of their positions', () => {
    const members = readSchema(
      JSON.stringify({
        properties: {
          later: { type: 'string', position: 2 },
          first: { $ref: '#/definitions/Region', position: 0 },
          maybe: { anyOf: [{ type: 'integer' }, { type: 'null' }], default: null, position: 1 },
          either: { anyOf: [{ type: 'integer' }, { type: 'string' }], position: 3 },
          at: { type: 'string', format: 'date-time', position: 4 },
          nested: { allOf: [{ $ref: '#/definitions/Nested' }], position: 5 },
          list: { type: 'array', items: { type: 'number' }, position: 6 },
          free: { type: 'object', position: 7 },
          token: { type: 'string', position: 8 },
        },
        required: ['later'],
        definitions: {
          Region: { enum: ['eu', 'us'], title: 'Region' },
          Nested: { type: 'object', properties: { on: { type: 'boolean' } } },
        },
      }),
      ['token'],
    )
    expect(members.map(({ name, field }) => [name, field.kind])).toEqual([
      ['first', 'choice'],
      ['maybe', 'integer'],
      ['later', 'text'],
      ['either', 'json'],
      ['at', 'instant'],
      ['nested', 'object'],
      ['list', 'list'],
      ['free', 'json'],
      ['token', 'secret'],
    ])
    expect(members[1]?.field.nullable).toBe(true)
    expect(members[2]?.field.required).toBe(true)
  })

  test('end where a schema refers to itself, and where it refers elsewhere', () => {
    const [tree] = readSchema(
      JSON.stringify({
        properties: { tree: { $ref: '#/definitions/Tree' }, away: { $ref: 'https://elsewhere/schema.json' } },
        definitions: { Tree: { type: 'object', properties: { child: { $ref: '#/definitions/Tree' } } } },
      }),
    )
    let depth = 0
    for (let field = tree?.field; field?.kind === 'object'; field = field.members[0]?.field) depth++
    expect(depth).toBeLessThan(10)
    const loop = readSchema(JSON.stringify({ properties: { a: { $ref: '#/b' } }, b: { $ref: '#/b' } }))
    expect(loop[0]?.field.kind).toBe('json')
    expect(readSchema('not json')).toEqual([])
  })

  test('name the fault and the value that was wrong', () => {
    const schema = {
      properties: {
        n: { type: 'integer', minimum: 1, maximum: 9 },
        name: { type: 'string', minLength: 2 },
        inner: { type: 'object', properties: { x: { type: 'number', exclusiveMaximum: 1 } } },
      },
      required: ['n', 'name'],
    }
    expect(faults(schema, '{}')).toEqual({ n: 'Needs a value.', name: 'Needs a value.' })
    expect(faults(schema, '{"n":10,"name":"ab"}')).toEqual({ n: 'Must be at most 9, got 10.' })
    expect(faults(schema, '{"n":1.5,"name":"a","inner":{"x":1}}')).toEqual({
      n: 'Must be a whole number, got 1.5.',
      name: 'Must have at least 2 characters, has 1.',
      'inner.x': 'Must be less than 1, got 1.',
    })
  })
})

test('values keep their digits when they are laid out', () => {
  expect(prettyLossless(values('{"big":123456789012345678901234567890.10,"none":{}}'))).toBe(
    '{\n  "big": 123456789012345678901234567890.10,\n  "none": {}\n}',
  )
})

describe('a form over other values', () => {
  const members = readSchema(
    JSON.stringify({
      properties: {
        n: { type: 'integer' },
        note: { type: 'string', default: 'none' },
        day: { type: 'string' },
      },
      required: ['n', 'day'],
    }),
  )

  test('asks for nothing that those give, and shows them as what applies', () => {
    const over = withFallbacks(members, values('{"n": 12345678901234567890, "other": true}'))
    expect(over.map(({ field }) => field.fallback && prettyLossless(field.fallback))).toEqual([
      '12345678901234567890',
      '"none"',
      undefined,
    ])
    expect([...faultsOf(over, values('{}'))]).toEqual([['day', 'Needs a value.']])
  })

  test('names each place in one line where the fields are not to be seen', () => {
    expect(faultWords(faultsOf(members, values('{"n": 1.5}')))).toBe(
      'n: Must be a whole number, got 1.5. day: Needs a value.',
    )
    expect(faultWords(new Map([['', 'Not JSON.']]))).toBeNull()
    const many = new Map(['a', 'b', 'c', 'd', 'e'].map((path) => [path, 'Needs a value.']))
    expect(faultWords(many)).toBe('a: Needs a value. b: Needs a value. c: Needs a value. And 2 more.')
  })
})
