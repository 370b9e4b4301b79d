import { expect, test } from 'vitest'
import { valueErrors } from './value-errors.ts'

test('what is wrong stands beside the field that it is wrong with', () => {
  expect(
    valueErrors([
      { field: '', reason: 'must be an object' },
      { field: 'name', reason: 'is required' },
      { field: 'rows[3].id', reason: 'must be integer' },
      { field: 'rows[3].low', reason: 'is too small' },
      { field: 'rows[4]', reason: 'must be an object' },
    ]),
  ).toEqual([
    'must be an object',
    { property: 'name', errors: ['is required'] },
    {
      property: 'rows',
      errors: [
        {
          index: 3,
          errors: [
            { property: 'id', errors: ['must be integer'] },
            { property: 'low', errors: ['is too small'] },
          ],
        },
        { index: 4, errors: ['must be an object'] },
      ],
    },
  ])
})
