import { expect, test } from 'vitest'
import { parseLosslessObject } from '../../domain/lossless-json.ts'
import { schemaChecksum } from './checksum.ts'

// What the 3.8 client computes of a block with a block inside, a model inside, a float that is whole, and text beyond ASCII.
const inner = `{"block_schema_references": {}, "block_type_slug": "inner", "properties": {"size": {"default": 1.0, "title": "Size", "type": "number", "position": 0}, "secret": {"format": "password", "title": "Secret", "type": "string", "writeOnly": true, "position": 1}}, "required": ["secret"], "secret_fields": ["secret"], "title": "Inner", "type": "object"}`
const outer = String.raw`{"block_schema_references": {"inner": {"block_schema_checksum": "sha256:6d47ae3342327fd98785668761ebe6cebdb0a7fdbfe38b47924e1d8751a85f7b", "block_type_slug": "inner"}}, "block_type_slug": "outer", "description": "\u00dcn\u00efcode \ud83d\ude80 block", "properties": {"inner": {"$ref": "#/definitions/Inner", "position": 0}, "opt": {"$ref": "#/definitions/Opt", "default": {"k": 3}, "position": 1}, "note": {"default": "\u00e9\u2028", "title": "Note", "type": "string", "position": 2}}, "required": ["inner"], "secret_fields": ["inner.secret"], "title": "Outer", "type": "object", "definitions": {"Inner": ${inner}, "Opt": {"properties": {"k": {"default": 3, "title": "K", "type": "integer"}}, "title": "Opt", "type": "object"}}}`

test.each([
  ['inner', inner, 'sha256:6d47ae3342327fd98785668761ebe6cebdb0a7fdbfe38b47924e1d8751a85f7b'],
  ['outer', outer, 'sha256:43eeb776e0de5893a4fbfbc7c27a2b85cda56204d89239b638b9e5005b9876c3'],
])('the checksum of %s is the one that clients compute', (_, fields, checksum) => {
  expect(schemaChecksum(parseLosslessObject(fields) ?? new Map())).toBe(checksum)
})

test('definitions behind a block count, the block itself does not, and what nothing refers to does not', () => {
  const of = (definitions: object) =>
    schemaChecksum(
      parseLosslessObject(
        JSON.stringify({ properties: { a: { $ref: '#/definitions/Block' } }, definitions }),
      ) ?? new Map(),
    )
  const block = { block_type_slug: 'b', properties: { x: { $ref: '#/definitions/Deep' } } }
  const deep = { type: 'object' }
  expect(of({ Block: block, Deep: deep, Stray: { type: 'string' } })).toBe(of({ Block: block, Deep: deep }))
  expect(of({ Block: { ...block, title: 'other' }, Deep: deep })).toBe(of({ Block: block, Deep: deep }))
  expect(of({ Block: block, Deep: { type: 'array' } })).not.toBe(of({ Block: block, Deep: deep }))
})
