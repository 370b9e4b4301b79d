import { describe, expect, it } from 'vitest'
import { errorStory } from './error-story.js'
import { describeError } from './text.js'

const own = new URL('../sdk/flow.js', import.meta.url).href

function thrown(message: string, stack: string, options?: ErrorOptions): Error {
  return Object.assign(new TypeError(message, options), { stack })
}

describe('the story of an error', () => {
  it('has the lines of the user, and none of Node or of this package', () => {
    const error = thrown(
      'no such column',
      [
        'TypeError: no such column',
        '    at read (/srv/flows/report.ts:12:9)',
        '    at new Promise (<anonymous>)',
        `    at runOnce (${own}:1:3514)`,
        `    at ${decodeURI(own.replace('file://', ''))}:5:1711`,
        '    at AsyncLocalStorage.run (node:async_hooks:346:14)',
        '    at async file:///srv/flows/report.ts:20:3',
      ].join('\n'),
    )
    expect(errorStory(error)).toBe(
      [
        'TypeError: no such column',
        '    at read (/srv/flows/report.ts:12:9)',
        '    at new Promise (<anonymous>)',
        '    at async file:///srv/flows/report.ts:20:3',
      ].join('\n'),
    )
  })

  it('goes on with what caused it, and with those that it gathers', () => {
    const cause = thrown('inner', 'TypeError: inner\n    at dig (/a.ts:1:1)')
    const outer = thrown('outer', 'TypeError: outer\n    at go (/b.ts:2:2)', { cause })
    expect(errorStory(outer)).toBe(
      'TypeError: outer\n    at go (/b.ts:2:2)\ncaused by TypeError: inner\n    at dig (/a.ts:1:1)',
    )
    const all = new AggregateError(
      Array.from({ length: 7 }, (_, n) => n),
      'seven',
    )
    expect(errorStory(all)).toContain('AggregateError: seven')
    expect(errorStory(all)).toMatch(/one is 4 was thrown\nand 2 more$/)
  })

  it('comes to an end where errors cause each other', () => {
    const error = thrown('round', 'TypeError: round')
    error.cause = error
    expect(errorStory(error).split('caused by')).toHaveLength(6)
  })

  it('shows the place of what could not be parsed, and the message as it is now', () => {
    const parsed = Object.assign(new SyntaxError('Unexpected token'), {
      stack:
        'file:///a.mjs:3\n  cons x\n       ^\n\nSyntaxError: Unexpected token\n    at compile (node:internal/x:1:1)',
    })
    expect(errorStory(parsed)).toBe('file:///a.mjs:3\n  cons x\n       ^\n\nSyntaxError: Unexpected token')
    const changed = thrown('after', 'TypeError: before\n    at a (/a.ts:1:1)')
    expect(errorStory(changed)).toBe('TypeError: after\n    at a (/a.ts:1:1)')
  })

  it('does without a stack', () => {
    expect(errorStory('text')).toBe('text was thrown')
    expect(errorStory(Object.assign(new Error('x'), { stack: 5 }))).toBe('Error: x')
    const broken = Object.defineProperty(new Error('x'), 'stack', {
      get: () => {
        throw new Error('no')
      },
    })
    expect(errorStory(broken)).toBe('Error: x')
  })
})

it.each([
  [{ a: 1 }, '{ a: 1 } was thrown'],
  [[1, [2]], '[ 1, [ 2 ] ] was thrown'],
  [null, 'null was thrown'],
  [undefined, 'undefined was thrown'],
  [Symbol('s'), 'Symbol(s) was thrown'],
  ['text', 'text was thrown'],
  [12n, '12 was thrown'],
])('what was thrown is described so that it is recognised (%#)', (value, words) => {
  expect(describeError(value)).toBe(words)
})
