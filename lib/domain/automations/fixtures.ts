import type { EventTrigger } from './trigger.ts'

/** For tests: a reactive trigger on every event, unless it is said otherwise. */
export const eventTrigger = (more: Partial<EventTrigger> = {}): EventTrigger => ({
  type: 'event',
  id: 't',
  match: {},
  match_related: {},
  after: [],
  expect: [],
  for_each: [],
  posture: 'Reactive',
  threshold: 1,
  within: 0,
  ...more,
})
