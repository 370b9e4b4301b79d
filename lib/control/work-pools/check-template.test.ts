import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BadInput, Conflict } from '../../domain/problem.ts'
import type { RawJson } from '../../domain/state.ts'
import { workerCatalogue } from '../../domain/work/catalogue/worker-catalogue.ts'
import { validateJobVariables } from '../parameters/validate-job-variables.ts'
import { checkTemplate } from './check-template.ts'

// Safe: written by JSON.stringify.
const raw = (value: unknown) => JSON.stringify(value) as RawJson
const templateOf = (variables: unknown) => raw({ job_configuration: {}, variables })
const property = (schema: unknown) => ({ type: 'object', properties: { a: schema } })

describe('a template whose variables cannot be read is refused with the part and the reason', () => {
  test.each([
    [[], 'must be the schema of an object'],
    ['object', 'must be the schema of an object'],
    [{ type: 'array', items: {} }, 'not of "array": set variables.type to "object"'],
    [{ type: ['string', 'null'] }, 'not of ["string","null"]'],
    [{ properties: [] }, 'properties of the base_job_template’s variables must be an object'],
    [property('text'), 'The schema at #/properties/a must be an object'],
    [property({ type: 'text' }), '#/properties/a/type is "text"'],
    [property({ type: ['string', 7] }), '#/properties/a/type is 7'],
    [property({ anyOf: {} }), '#/properties/a/anyOf must be a list'],
    [property({ pattern: '(' }), 'The pattern "(" cannot be read'],
    [property({ $ref: 'https://example.com/a.json' }), '"https://example.com/a.json"'],
    [property({ $ref: 'file:///etc/passwd' }), 'a $ref may only point into the schema itself'],
    [property({ $ref: 7 }), 'refers to 7 at #/properties/a/$ref'],
    [property({ $ref: '#/definitions/None' }), '#/definitions/None, which it does not hold'],
    [{ type: 'object', $ref: '#' }, 'refers to itself without an end'],
    [
      { ...property({ $ref: '#/definitions/A' }), definitions: { A: { $ref: '#/definitions/A' } } },
      'The schema at #/definitions/A refers to itself without an end',
    ],
    [
      {
        ...property({ type: 'array', items: { $ref: '#/$defs/A' } }),
        $defs: {
          A: { allOf: [{ type: 'string' }, { $ref: '#/$defs/B' }] },
          B: { not: { $ref: '#/$defs/A' } },
        },
      },
      'refers to itself without an end',
    ],
  ])('%j', (variables, why) => {
    expect(() => checkTemplate(templateOf(variables))).toThrow(BadInput)
    expect(() => checkTemplate(templateOf(variables))).toThrow(why)
  })
})

describe('a template is taken', () => {
  const published = Object.values(workerCatalogue).flatMap((group) => Object.values(group))
  test.each(published.map((type) => [type.type, type] as const))('as published for %s', (_, type) => {
    checkTemplate(raw(type.default_base_job_configuration))
  })

  test('with trees, blocks by id as defaults, and members that no schema knows', () => {
    checkTemplate(
      templateOf({
        ...property({ $ref: '#/definitions/Tree' }),
        definitions: {
          Tree: { type: 'object', properties: { all: { items: { $ref: '#/definitions/Tree' } } } },
        },
        title: 'Variables',
        'x-ours': { $ref: '#/nowhere' },
      }),
    )
    checkTemplate(
      templateOf(
        property({
          default: { $ref: { block_document_id: '0198c0c4-5f2e-7000-8000-000000000001' } },
          allOf: [{ $ref: '#/properties/a/definitions/A' }],
          definitions: { A: { type: 'object' } },
        }),
      ),
    )
    checkTemplate(raw({}))
    checkTemplate(templateOf({}))
  })
})

test('what is taken can be held against job variables, whatever they are', () => {
  const { schema } = fc.letrec((tie) => ({
    schema: fc.oneof(
      { maxDepth: 4, depthIdentifier: 'schema' },
      fc.record(
        {
          type: fc.constantFrom('object', 'string', 'integer', 'array', ['string', 'null'], 'text', 7),
          pattern: fc.constantFrom('^a', '('),
        },
        { requiredKeys: [] },
      ),
      fc.record({
        $ref: fc.constantFrom('#', '#/definitions/A', '#/definitions/B', '#/definitions/C', 'a.json'),
      }),
      fc.record({ allOf: fc.array(tie('schema'), { maxLength: 2 }) }),
      fc.record({ anyOf: fc.array(tie('schema'), { maxLength: 2 }) }),
      fc.record({ not: tie('schema') }),
      fc.record({ items: tie('schema') }),
      fc.record({ properties: fc.dictionary(fc.constantFrom('a', 'b', '$ref', 'not'), tie('schema')) }),
    ),
  }))
  const variables = fc.record(
    {
      type: fc.constantFrom('object', 'object', 'array'),
      properties: fc.dictionary(fc.constantFrom('a', 'b'), schema),
      definitions: fc.record({ A: schema, B: schema }),
    },
    { requiredKeys: ['properties', 'definitions'] },
  )
  const value = fc.jsonValue({ maxDepth: 3 })
  const given = fc.dictionary(
    fc.constantFrom('a', 'b', 'c'),
    fc.oneof(value, fc.array(value), fc.record({ a: value, b: value })),
  )
  fc.assert(
    fc.property(variables, given, (declared, values) => {
      const template = templateOf(declared)
      try {
        checkTemplate(template)
      } catch (error) {
        expect(error).toBeInstanceOf(BadInput)
        return
      }
      try {
        validateJobVariables('Error creating flow run', template, raw(values))
      } catch (error) {
        expect(error).toBeInstanceOf(Conflict)
        expect((error as Error).message).not.toMatch(/cannot be used|takes too long/)
      }
    }),
    { numRuns: 500 },
  )
})
