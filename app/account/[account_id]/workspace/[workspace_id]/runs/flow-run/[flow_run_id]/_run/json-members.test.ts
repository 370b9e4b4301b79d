import fc from 'fast-check'
import { expect, test } from 'vitest'
import { membersOf, prettyJson } from './json-members.ts'

test('the members of any object are found, each with its exact text', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.constantFrom(undefined, 2),
      (object, indent) => {
        const members = membersOf(JSON.stringify(object, null, indent))
        expect(members?.map(({ name }) => name)).toEqual(Object.keys(object))
        for (const { name, value } of members ?? [])
          expect(JSON.parse(value)).toEqual(JSON.parse(JSON.stringify(object[name])))
      },
    ),
  )
})

test('a number of any size keeps its digits', () => {
  expect(membersOf('{"big": 12345678901234567890123, "x":1e400}')).toEqual([
    { name: 'big', value: '12345678901234567890123' },
    { name: 'x', value: '1e400' },
  ])
})

test('what is no object has no members', () => {
  for (const json of ['[]', '1', 'null', '{', '']) expect(membersOf(json)).toBeNull()
})

test('printing in lines changes nothing but the space between', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(JSON.parse(prettyJson(JSON.stringify(value)))).toEqual(JSON.parse(JSON.stringify(value)))
    }),
  )
})
