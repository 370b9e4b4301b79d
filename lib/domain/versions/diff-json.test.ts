import { expect, test } from 'vitest'
import { parseLossless, writeLossless } from '../lossless-json.ts'
import { diffJson } from './diff-json.ts'

const diff = (from: string, to: string) =>
  diffJson(parseLossless(from), parseLossless(to)).map(({ path, from, to }) => [
    path.join('.'),
    from === undefined ? null : writeLossless(from),
    to === undefined ? null : writeLossless(to),
  ])

test.each([
  ['{"a":1}', '{"a":1}', []],
  ['{"a":1,"b":{"c":[1,2]}}', '{"b":{"c":[1,2]},"a":1}', []],
  ['{"a":1}', '{"a":1.0}', [['a', '1', '1.0']]],
  [
    '{"a":12345678901234567890}',
    '{"a":12345678901234567891}',
    [['a', '12345678901234567890', '12345678901234567891']],
  ],
  ['{"a":{"b":{"c":1}}}', '{"a":{"b":{"c":2}}}', [['a.b.c', '1', '2']]],
  [
    '{"a":1}',
    '{"b":1}',
    [
      ['a', '1', null],
      ['b', null, '1'],
    ],
  ],
  ['{"a":[1,{"x":1}]}', '{"a":[1,{"x":2}]}', [['a', '[1,{"x":1}]', '[1,{"x":2}]']]],
  ['{"a":{}}', '{"a":null}', [['a', '{}', 'null']]],
])('%s → %s', (from, to, differences) => expect(diff(from, to)).toEqual(differences))
