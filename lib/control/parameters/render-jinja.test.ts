import { describe, expect, test } from 'vitest'
import { renderJinja } from './render-jinja.ts'

describe('templates of parameters', () => {
  test.each([
    ["{{ 'a' ~ 'b' }}", 'ab'],
    ["{{ 'x' | upper }}-{{ 3 * 4 }}", 'X-12'],
    ['{% for i in range(3) %}{{ i }}{% endfor %}', '012'],
    ["{% if 2 > 1 %}yes{% else %}no{% endif %}{{ 'a' if 0 else 'b' }}", 'yesb'],
    ['[{{ nobody.knows.this }}]', '[]'],
    ["{% for w in ['a', 'b'] %}{{ loop.index }}{{ w }}{% endfor %}", '1a2b'],
    ["{{ {'a': [1]} | tojson }}", '{"a":[1]}'],
    ['plain', 'plain'],
  ])('%s', (template, text) => expect(renderJinja(template)).toBe(text))

  test.each([
    "{{ ''.constructor.constructor('return process')() }}",
    "{{ ''['constructor'] }}",
    "{{ ''['con' ~ 'structor'] }}",
    "{{ range.constructor('return process')() }}",
    "{{ cycler('a')['next']() }}",
    '{{ [].__proto__ }}',
    '{% set a = "x" %}{{ a }}',
    '{% include "/etc/passwd" %}',
    '{% import "x" as y %}',
    '{% macro m() %}x{% endmacro %}',
    '{% for i in range(1000000000) %}x{% endfor %}',
    '{% for i in range(100) %}{% for j in range(100) %}{% for k in range(100) %}x{% endfor %}{% endfor %}{% endfor %}',
    `{% for i in range(100) %}{% for j in range(100) %}${'x'.repeat(10_000)}{% endfor %}{% endfor %}`,
    `{{ '"' ${'| tojson '.repeat(40)} }}`,
    "{{ 'a' | center(1000000000) }}",
    "{{ 'a' | replace('a', 'aaaa') }}",
    '{{ (',
    '{% for %}',
    'x'.repeat(30_000),
  ])('refuses %s', (template) => expect(() => renderJinja(template)).toThrow())
})
