import { expect, test } from 'vitest'
import { parseLossless } from '#lib/domain/lossless-json.ts'
import { gridOf, mostRows, plainOf, previewOf, safePicture } from './artifact-data.ts'

const texts = (json: string) => {
  const grid = gridOf(parseLossless(json))
  return grid && [grid.columns, ...grid.rows.map((row) => row.map((cell) => cell.text))]
}

test('a table is read from rows of objects, from columns and from rows of lists', () => {
  const same = [
    ['a', 'b'],
    ['1', 'x'],
    ['', '{"c":2}'],
  ]
  expect(texts('[{"a":1,"b":"x"},{"b":{"c":2}}]')).toEqual(same)
  expect(texts('{"a":[1,null],"b":["x",{"c":2}]}')).toEqual(same)
  expect(texts('[[1,"x"],[null,{"c":2}]]')).toEqual([['1', '2'], ...same.slice(1)])
  expect(texts('"no table"')).toBeNull()
  expect(texts('[1,[2]]')).toBeNull()
})

test('numbers keep their digits, and a long table says how many rows are left', () => {
  expect(texts('[{"n":12345678901234567890.10}]')).toEqual([['n'], ['12345678901234567890.10']])
  const grid = gridOf(parseLossless(JSON.stringify(Array.from({ length: mostRows + 3 }, (_, n) => [n]))))
  expect([grid?.rows.length, grid?.left]).toEqual([mostRows, 3])
})

test('only pictures that hold themselves are shown', () => {
  expect(safePicture('data:image/png;base64,iVBORw0KGgo=')).toBe(true)
  for (const address of [
    'https://elsewhere/p.png',
    'data:image/svg+xml;base64,PHN2Zz4=',
    'data:text/html;base64,PGI+',
    'javascript:alert(1)',
    'data:image/png;base64,x" onerror="',
  ])
    expect(safePicture(address), address).toBe(false)
})

test('a row shows the first words, without the marks', () => {
  expect(previewOf('markdown', JSON.stringify('# Report\n\n**All** is `well`'))).toBe('Report All is well')
  expect(plainOf('What **orders_report** _says_, and `more`.')).toBe('What orders_report says, and more.')
  expect(previewOf('progress', '42.5')).toBe('42.5 %')
})
