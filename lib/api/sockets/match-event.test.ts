import { expect, test } from 'vitest'
import type { EventRow } from '../../engine/write-set.ts'
import { eventFilter } from '../filters/event-filter.ts'
import { matchesEvent, parseEvent } from './match-event.ts'

/** Safe: it has what matching looks at. */
const row = {
  id: '01981f2e-0000-7000-8000-000000000000',
  event: 'made',
  occurred_at: '2026-01-01T00:00:00Z',
  body: JSON.stringify({ resource: { 'prefect.resource.id': 'x', team: 'a' }, related: [] }),
} as EventRow

test.each([
  [{ team: 'a*' }, true],
  [{ team: 'b' }, false],
  [{ absent: '*' }, false],
  // What every object inherits is no label of an event.
  [{ constructor: '*' }, false],
])('labels %j match: %s', (labels, matches) =>
  expect(matchesEvent(parseEvent(row), eventFilter.parse({ resource: { labels } }))).toBe(matches),
)
