import { describe, expect, test } from 'vitest'
import { eventTrigger } from './fixtures.ts'
import { anyName } from './match-event.ts'
import { closeWindow, countEvent, freshWindow, type Window } from './window.ts'

/** A story in seconds: names of events, or `tick` for the clock. Answers when the trigger fired. */
function tell(
  more: Parameters<typeof eventTrigger>[0],
  story: readonly (readonly [seconds: number, name: string])[],
  watchesFromStart = false,
): number[] {
  const trigger = eventTrigger(more)
  const expected = trigger.expect.length === 0 ? () => true : anyName(trigger.expect)
  const opening = anyName(trigger.after)
  let window: Window | null = watchesFromStart ? freshWindow(trigger, 0, null) : null
  const fired: number[] = []
  for (const [seconds, name] of story) {
    const at = seconds * 1e6
    const step =
      name === 'tick'
        ? window && closeWindow(trigger, window, at)
        : countEvent(trigger, window, { isExpected: expected(name), opens: opening(name) }, at, {
            id: name,
            at: '',
          })
    if (!step) continue
    window = step.window
    if (step.fires) fired.push(seconds)
  }
  return fired
}

describe('a reactive trigger', () => {
  test('without a window fires on every event, early or late', () =>
    expect(
      tell({}, [
        [5, 'a'],
        [1, 'a'],
        [9, 'a'],
      ]),
    ).toEqual([5, 1, 9]))
  test('fires when enough came in time, and then counts anew', () =>
    expect(
      tell({ threshold: 2, within: 10 }, [
        [0, 'a'],
        [9, 'a'],
        [9.5, 'a'],
        [19, 'a'],
      ]),
    ).toEqual([9, 19]))
  test('begins anew with an event past the end', () =>
    expect(
      tell({ threshold: 2, within: 10 }, [
        [0, 'a'],
        [10, 'a'],
        [19, 'a'],
      ]),
    ).toEqual([19]))
  test('counts what comes late but happened a quarter of an hour before at most', () => {
    expect(
      tell({ threshold: 2, within: 10 }, [
        [2_000, 'a'],
        [1_200, 'a'],
      ]),
    ).toEqual([1_200])
    expect(
      tell({ threshold: 2, within: 10 }, [
        [2_000, 'a'],
        [1_000, 'a'],
        [2_001, 'a'],
      ]),
    ).toEqual([2_001])
  })
  test('waits for what opens its window', () =>
    expect(
      tell({ after: ['open'], expect: ['a'], within: 10 }, [
        [0, 'a'],
        [1, 'open'],
        [2, 'a'],
        [3, 'a'],
      ]),
    ).toEqual([2]))
  test('forgets what opened its window when that ends', () =>
    expect(
      tell({ after: ['open'], expect: ['a'], within: 10 }, [
        [0, 'open'],
        [10, 'a'],
        [11, 'a'],
      ]),
    ).toEqual([]))
  test('takes an event that opens and counts for the opening alone', () =>
    expect(
      tell({ after: ['a'], expect: ['a'], within: 10 }, [
        [0, 'a'],
        [5, 'a'],
        [6, 'a'],
        [7, 'a'],
      ]),
    ).toEqual([5, 7]))
})

describe('a proactive trigger', () => {
  const proactive = { posture: 'Proactive', within: 10 } as const
  test('fires at the end of a window that saw too little, and goes on', () =>
    expect(
      tell(
        { ...proactive, expect: ['a'] },
        [
          [9, 'tick'],
          [10, 'tick'],
          [15, 'tick'],
          [20, 'tick'],
        ],
        true,
      ),
    ).toEqual([10, 20]))
  test('is content with enough, and begins anew from there', () =>
    expect(
      tell(
        { ...proactive, expect: ['a'] },
        [
          [8, 'a'],
          [17, 'tick'],
          [18, 'tick'],
        ],
        true,
      ),
    ).toEqual([18]))
  test('counts up to its threshold', () =>
    expect(
      tell(
        { ...proactive, expect: ['a'], threshold: 2 },
        [
          [1, 'a'],
          [10, 'tick'],
          [11, 'a'],
          [12, 'a'],
          [21, 'tick'],
        ],
        true,
      ),
    ).toEqual([10]))
  test('takes an event past the end for no sign of life before it, even when the clock was late', () =>
    expect(
      tell(
        { ...proactive, expect: ['a'] },
        [
          [12, 'a'],
          [21, 'tick'],
        ],
        true,
      ),
    ).toEqual([12]))
  test('after something waits once, and ends', () =>
    expect(
      tell({ ...proactive, after: ['open'], expect: ['a'] }, [
        [0, 'open'],
        [10, 'tick'],
        [20, 'tick'],
      ]),
    ).toEqual([10]))
  test('after something is content with what is expected', () =>
    expect(
      tell({ ...proactive, after: ['open'], expect: ['a'] }, [
        [0, 'open'],
        [5, 'a'],
        [10, 'tick'],
      ]),
    ).toEqual([]))
  test('begins anew with every beat, ends with the end, and fires when both fail to come', () => {
    const beat = { ...proactive, after: ['beat'], expect: ['run.*', 'beat'] }
    expect(
      tell(beat, [
        [0, 'beat'],
        [8, 'beat'],
        [16, 'beat'],
        [17, 'run.done'],
        [60, 'tick'],
      ]),
    ).toEqual([])
    expect(
      tell(beat, [
        [0, 'beat'],
        [8, 'beat'],
        [17, 'tick'],
        [18, 'tick'],
      ]),
    ).toEqual([18])
  })
  test('of a key is watched from its first event on, and fires once', () => {
    const keyed = { ...proactive, expect: ['a'], for_each: ['k'] }
    expect(
      tell(keyed, [
        [0, 'tick'],
        [5, 'a'],
        [15, 'tick'],
        [25, 'tick'],
        [30, 'a'],
        [40, 'tick'],
      ]),
    ).toEqual([15, 40])
  })
})
