import { beforeEach, describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import {
  type Flow,
  flow,
  getRunLogger,
  logger,
  NoRunContext,
  ParameterError,
  pauseFlowRun,
  RunCancelled,
  RunTimedOut,
  runContext,
  State,
  suspendFlowRun,
  type Task,
  task,
  UpstreamNotCompleted,
} from '../index.js'
import { RecordingReporter } from '../testing/recording-reporter.js'
import { replaceReporter } from './reporting.js'

let reported: RecordingReporter

beforeEach(() => {
  process.env.RIGEL_LOG_LEVEL = 'none'
  reported = new RecordingReporter()
  replaceReporter(reported)
})

const forever = () => new Promise<never>(() => {})

describe('a pause', () => {
  it('is of a flow, not of a task nor of a program', async () => {
    await expect(pauseFlowRun()).rejects.toThrow(NoRunContext)
    const inTask = flow({ name: 'inTask' }, () => task({ name: 'pauses' }, () => suspendFlowRun())())
    await expect(inTask()).rejects.toThrow('suspendFlowRun() was called outside the body of a flow')
  })

  it('has a key that an input can be kept under, and answers what its schema makes of the input', async () => {
    const odd = flow({ name: 'odd' }, () => pauseFlowRun({ key: 'Über alles' }))
    await expect(odd()).rejects.toThrow('cannot have the key')
    const input = z.object({ people: z.number() })
    expectTypeOf(pauseFlowRun<typeof input>).returns.resolves.toEqualTypeOf<{ people: number }>()
  })
})

describe('a flow', () => {
  it('is a plain async function whose call is reported from Pending to Completed', async () => {
    const double = flow({ name: 'double', tags: ['a'], version: '7', retries: 1 }, (x: number) => x * 2)
    expectTypeOf(double).toEqualTypeOf<Flow<[x: number], number>>()
    expect(await double(21)).toBe(42)
    expect(double.name).toBe('double')
    const [run] = reported.flowRuns
    expect(run).toMatchObject({
      flowName: 'double',
      parameters: { x: 21 },
      tags: ['a'],
      flowVersion: '7',
      retries: 1,
    })
    expect(run?.name).toMatch(/^[a-z]+-[a-z]+$/)
    expect(reported.flowStates()).toEqual(['Pending', 'Running', 'Completed'])
  })

  it('may be made from the function alone, and takes its name', async () => {
    const hello = flow(async function greet(name: string, greeting = 'hello') {
      return `${greeting}, ${name}`
    })
    expect(await hello('Ada')).toBe('hello, Ada')
    expect(reported.flowRuns[0]).toMatchObject({ flowName: 'greet', parameters: { name: 'Ada' } })
  })

  it('throws what its function throws, and is Failed with the message', async () => {
    const broken = flow({ name: 'broken' }, () => {
      throw new TypeError('no such column')
    })
    await expect(broken()).rejects.toThrow('no such column')
    expect(reported.flowStates()).toEqual(['Pending', 'Running', 'Failed'])
    expect(reported.records.at(-1)).toMatchObject({
      state: { type: 'FAILED', message: 'TypeError: no such column' },
    })
  })

  it('answers a state instead of throwing when asked to', async () => {
    const broken = flow({ name: 'broken' }, () => {
      throw new Error('no')
    })
    const state = await broken.state()
    expect(state.isFailed()).toBe(true)
    expect(state.message).toBe('Error: no')
    expect(() => state.result()).toThrow('no')
    const fine = await flow({ name: 'fine' }, () => 5).state()
    expectTypeOf(fine).toEqualTypeOf<State<number>>()
    expect(fine.result()).toBe(5)
  })

  it('fails when it returns the state of a task that failed', async () => {
    const bad = task({ name: 'bad' }, () => {
      throw new Error('no')
    })
    const good = task({ name: 'good' }, () => 1)
    const all = flow({ name: 'all' }, async () => [await good.state(), await bad.state()])
    const state = await all.state()
    expect(state).toMatchObject({ type: 'FAILED', message: '1 of 2 returned states did not complete' })
    expect(await flow({ name: 'one' }, () => good.state())()).toBeInstanceOf(State)
  })

  it('tries again as often as it may, with AwaitingRetry in between', async () => {
    let calls = 0
    const flaky = flow({ name: 'flaky', retries: 2, retryDelay: 0.001 }, () => {
      if (++calls < 3) throw new Error(`call ${calls}`)
      return runContext().attempt
    })
    expect(await flaky()).toBe(3)
    expect(reported.flowStates()).toEqual([
      'Pending',
      'Running',
      'AwaitingRetry',
      'Running',
      'AwaitingRetry',
      'Running',
      'Completed',
    ])
    const waiting = reported.records.find(
      (each) => each.kind === 'flow-run-state' && each.state.name === 'AwaitingRetry',
    )
    expect(waiting).toMatchObject({
      state: { type: 'SCHEDULED', scheduledFor: expect.stringMatching(/^\d{4}-.*Z$/) },
    })
  })

  it('that exceeds its timeout is Failed named TimedOut, and takes its tasks with it', async () => {
    const stuck = task({ name: 'stuck' }, forever)
    const slow = flow({ name: 'slow', timeoutSeconds: 0.02 }, () => stuck())
    await expect(slow()).rejects.toBeInstanceOf(RunTimedOut)
    expect(reported.flowStates()).toEqual(['Pending', 'Running', 'TimedOut'])
    expect(reported.taskStates('stuck')).toEqual(['Pending', 'Running', 'Cancelled'])
    expect(reported.records.at(-1)).toMatchObject({ kind: 'flow-run-state', state: { name: 'TimedOut' } })
  })

  it('waits for tasks that it started and did not await', async () => {
    let open: () => void = () => {}
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const later = task({ name: 'later' }, () => gate)
    const parent = flow({ name: 'parent' }, () => {
      later.submit()
      setImmediate(open)
      return 'done'
    })
    expect(await parent()).toBe('done')
    const names = reported.records.map((each) =>
      each.kind === 'log' ? 'log' : `${each.kind} ${each.state.name}`,
    )
    expect(names.indexOf('task-run Completed')).toBeLessThan(names.indexOf('flow-run-state Completed'))
  })

  it('stops when the control plane says so: its signal aborts, no task begins, it ends Cancelled', async () => {
    const next = task({ name: 'next' }, () => 1)
    let heard: unknown
    const long = flow({ name: 'long' }, async () => {
      const { signal, flowRun } = runContext()
      signal.addEventListener('abort', () => {
        heard = signal.reason
      })
      reported.stopRun(flowRun?.id ?? '', 'somebody asked')
      await next()
    })
    const state = await long.state()
    expect(state.isCancelled()).toBe(true)
    expect(state.error).toBeInstanceOf(RunCancelled)
    expect(heard).toBe(state.error)
    expect(reported.taskRuns).toEqual([])
    expect(reported.flowStates()).toEqual(['Pending', 'Running', 'Cancelled'])
  })

  it('under other options is the same function', async () => {
    const base = flow({ name: 'base', tags: ['x'] }, (n: number) => n)
    const other = base.withOptions({ name: 'other', retries: 1 })
    expectTypeOf(other).toEqualTypeOf(base)
    expect(await other(3)).toBe(3)
    expect(reported.flowRuns[0]).toMatchObject({ flowName: 'other', tags: ['x'], retries: 1 })
  })

  it('refuses options that cannot be meant when it is defined', () => {
    expect(() => flow({ name: 'f', retries: -1 }, () => 1)).toThrow(RangeError)
    expect(() => task({ name: 't', timeoutSeconds: 0 }, () => 1)).toThrow('timeoutSeconds')
    expect(() => task({ name: 't', retryDelay: [1, -1] }, () => 1)).toThrow('retryDelay')
    expect(() => flow({} as never, undefined as never)).toThrow(TypeError)
  })
})

describe('parameters', () => {
  const Parameters = z.object({ date: z.string().regex(/^\d{4}-/), rows: z.coerce.number().default(10) })

  it('pass through the schema, whose types the flow takes over', async () => {
    const report = flow({ name: 'report', parameters: Parameters }, ({ date, rows }) => {
      expectTypeOf(rows).toEqualTypeOf<number>()
      return `${date} ${rows}`
    })
    expectTypeOf(report).parameter(0).toExtend<{ date: string } | undefined>()
    expect(await report({ date: '2024-01-01', rows: '3' })).toBe('2024-01-01 3')
    expect(await report({ date: '2024-01-01' })).toBe('2024-01-01 10')
    expect(reported.flowRuns[1]?.parameters).toEqual({ date: '2024-01-01', rows: 10 })
  })

  it('that do not fit fail the run without starting it, and say what is wrong', async () => {
    let calls = 0
    const report = flow({ name: 'report', parameters: Parameters, retries: 3 }, () => ++calls)
    const error = await report({ date: 'today' }).catch((each: unknown) => each)
    expect(error).toBeInstanceOf(ParameterError)
    expect((error as ParameterError).issues).toEqual([expect.stringMatching(/^date: /)])
    expect(calls).toBe(0)
    expect(reported.flowRuns[0]?.parameters).toEqual({ date: 'today' })
    expect(reported.flowStates()).toEqual(['Pending', 'Failed'])
  })

  it('of a task are checked too', async () => {
    const load = task({ name: 'load', parameters: Parameters, retries: 2 }, ({ rows }) => rows)
    await flow({ name: 'parent' }, async () => {
      expect(await load({ date: '2024-' })).toBe(10)
      expect((await load.state({ date: 'x' })).error).toBeInstanceOf(ParameterError)
    })()
    expect(reported.taskStates('load')).toEqual(['Pending', 'Running', 'Completed', 'Pending', 'Failed'])
  })

  it('are shown whatever they are', async () => {
    const anything = flow({ name: 'anything' }, (_value: unknown) => 1)
    const circle: { self?: unknown; big: bigint; at: Date } = { big: 10n ** 30n, at: new Date(0) }
    circle.self = circle
    await anything(circle)
    await anything('\ud800 \0')
    await anything('x'.repeat(2_000_000))
    const shown = reported.flowRuns.map((each) => each.parameters)
    expect(shown[0]).toEqual({
      _value: { big: `1${'0'.repeat(30)}`, at: '1970-01-01T00:00:00.000Z', self: '[circular]' },
    })
    expect(shown[1]).toEqual({ _value: '\ufffd \ufffd' })
    expect(JSON.stringify(shown[2]).length).toBeLessThan(1_100_000)
  })
})

describe('a task', () => {
  it('is a plain async function too; outside a flow it runs and reports nothing', async () => {
    const add = task({ name: 'add', retries: 1 }, (a: number, b: number) => a + b)
    expectTypeOf(add).toEqualTypeOf<Task<[a: number, b: number], number>>()
    expect(await add(1, 2)).toBe(3)
    expect(reported.records).toEqual([])
  })

  it('is reported from Pending to Completed with its times and its count', async () => {
    const add = task({ name: 'add', tags: ['t'] }, async (a: number, b: number) => a + b)
    await flow({ name: 'f' }, () => add(1, 2))()
    expect(reported.taskStates('add-')).toEqual(['Pending', 'Running', 'Completed'])
    const last = reported.taskRuns.at(-1)
    expect(last).toMatchObject({
      runCount: 1,
      tags: ['t'],
      startedAt: expect.any(String),
      endedAt: last?.state.at,
    })
    expect(last?.name).toBe(`add-${last?.dynamicKey.slice(0, 3)}`)
    expect(last?.taskKey).toMatch(/^add-[0-9a-f]{8}$/)
    expect(new Set(reported.taskRuns.map((each) => each.id)).size).toBe(1)
    const instants = reported.records.map((each) => (each.kind === 'log' ? each.at : each.state.at))
    expect([...instants].sort()).toEqual(instants)
  })

  it('goes through AwaitingRetry and Retrying', async () => {
    let calls = 0
    const flaky = task({ name: 'flaky', retries: 3, retryDelay: (retry) => retry / 1000 }, () => {
      if (++calls < 3) throw new Error('not yet')
      return calls
    })
    expect(await flow({ name: 'f' }, () => flaky())()).toBe(3)
    expect(reported.taskStates('flaky')).toEqual([
      'Pending',
      'Running',
      'AwaitingRetry',
      'Retrying',
      'AwaitingRetry',
      'Retrying',
      'Completed',
    ])
    expect(reported.taskRuns.at(-1)?.runCount).toBe(3)
  })

  it('fails for good once its retries are used up', async () => {
    let calls = 0
    const hopeless = task({ name: 'hopeless', retries: 2 }, () => {
      throw new Error(`attempt ${++calls}`)
    })
    await expect(flow({ name: 'f' }, () => hopeless())()).rejects.toThrow('attempt 3')
    expect(reported.taskStates('hopeless').at(-1)).toBe('Failed')
    expect(reported.logs.filter((each) => each.level === 40)).toHaveLength(2)
  })

  it('that exceeds its timeout has its signal aborted, is TimedOut, and may be tried again', async () => {
    const aborted: number[] = []
    const slow = task({ name: 'slow', timeoutSeconds: 0.01, retries: 1 }, async () => {
      const { signal, attempt } = runContext()
      await new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          aborted.push(attempt)
          reject(new Error('a different error'))
        })
      })
    })
    const state = await flow({ name: 'f' }, () => slow.state())
      .state()
      .catch(() => null)
    expect(state?.isFailed()).toBe(true)
    expect(aborted).toEqual([1, 2])
    expect(reported.taskStates('slow')).toEqual([
      'Pending',
      'Running',
      'AwaitingRetry',
      'Retrying',
      'TimedOut',
    ])
    expect(reported.taskRuns.at(-1)?.state).toMatchObject({ type: 'FAILED', name: 'TimedOut' })
  })

  it('that goes on after its timeout changes nothing any more', async () => {
    let wake: () => void = () => {}
    const sleeper = task({ name: 'sleeper', timeoutSeconds: 0.01 }, async () => {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
      return 'too late'
    })
    await flow({ name: 'f' }, async () => void (await sleeper.state()))()
    const count = reported.records.length
    wake()
    await new Promise((resolve) => setImmediate(resolve))
    expect(reported.records).toHaveLength(count)
  })

  it('maps over items and keeps their order', async () => {
    const square = task({ name: 'square' }, async (n: number, plus: number) => n * n + plus)
    const all = flow({ name: 'all' }, async () => Promise.all(square.map([1, 2, 3], 1)))
    expectTypeOf(all).toEqualTypeOf<Flow<[], number[]>>()
    expect(await all()).toEqual([2, 5, 10])
    expect(reported.taskStates('square').filter((each) => each === 'Completed')).toHaveLength(3)
  })

  it('called by a task is reported under the same flow run, with its parent', async () => {
    const inner = task({ name: 'inner' }, () => 1)
    const outer = task({ name: 'outer' }, () => inner())
    await flow({ name: 'f' }, () => outer())()
    const [outerRun] = reported.taskRuns
    const innerRun = reported.taskRuns.find((each) => each.name.startsWith('inner'))
    expect(innerRun?.inputs).toEqual({ __parents__: [{ type: 'task_run', id: outerRun?.id }] })
    expect(innerRun?.flowRunId).toBe(reported.flowRuns[0]?.id)
  })
})

describe('dependencies', () => {
  const inputsOf = (prefix: string) =>
    reported.taskRuns.findLast((each) => each.name.startsWith(prefix))?.inputs
  const idOf = (prefix: string) => reported.taskRuns.find((each) => each.name.startsWith(prefix))?.id

  it('are seen through objects, promises of them, and arrays and objects around them', async () => {
    const make = task({ name: 'make' }, async (n: number) => ({ n }))
    const other = task({ name: 'other' }, async () => ['x'])
    const use = task({ name: 'use' }, (_a: { n: number }, _b: unknown, _c: number) => 1)
    await flow({ name: 'f' }, async () => {
      const made = await make(1)
      const promise = other()
      await use(made, { rows: [await promise] }, 3)
      await use.withOptions({ name: 'again' })(make(1), promise, 3)
    })()
    expect(inputsOf('use')).toEqual({
      _a: [{ type: 'task_run', id: idOf('make') }],
      _b: [{ type: 'task_run', id: idOf('other') }],
      _c: [{ type: 'constant' }],
    })
    expect(inputsOf('again')?._b).toEqual([{ type: 'task_run', id: idOf('other') }])
    expect(inputsOf('again')?._a).toMatchObject([{ type: 'task_run' }])
  })

  it('are seen through futures also for numbers and texts', async () => {
    const one = task({ name: 'one' }, () => 1)
    const text = task({ name: 'text' }, () => 'x')
    const join = task({ name: 'join' }, (numbers: number[], word: string) => `${numbers} ${word}`)
    const all = flow({ name: 'f' }, () => join([one.submit(), 2], text.submit()))
    expect(await all()).toBe('1,2 x')
    expect(inputsOf('join')).toEqual({
      numbers: [{ type: 'task_run', id: idOf('one') }],
      word: [{ type: 'task_run', id: idOf('text') }],
    })
  })

  it('name the parameter of the flow that an object came in by', async () => {
    const use = task({ name: 'use' }, (_rows: number[]) => 1)
    await flow({ name: 'f' }, (rows: number[]) => use(rows))([1, 2])
    expect(inputsOf('use')).toEqual({ _rows: [{ type: 'parameter', name: 'rows' }] })
  })

  it('that failed leave the task NotReady, and it is never called', async () => {
    let calls = 0
    const bad = task({ name: 'bad' }, (): number => {
      throw new Error('no')
    })
    const use = task({ name: 'use' }, (_n: number) => ++calls)
    const state = await flow({ name: 'f' }, () => use(bad.submit())).state()
    expect(state.error).toBeInstanceOf(UpstreamNotCompleted)
    expect(reported.taskStates('use')).toEqual(['Pending', 'NotReady'])
    expect(calls).toBe(0)
  })
})

describe('a sub-flow', () => {
  it('is a task run in its parent and a flow run that points to it', async () => {
    const child = flow({ name: 'child' }, async (n: number) => n + 1)
    const parent = flow({ name: 'parent' }, async () => child(await child(1)))
    expect(await parent()).toBe(3)
    const [parentRun, first, second] = reported.flowRuns
    expect([first, second].map((each) => each?.flowName)).toEqual(['child', 'child'])
    const standIns = reported.taskRuns.filter((each) => each.state.name === 'Pending')
    expect(standIns.map((each) => each.flowRunId)).toEqual([parentRun?.id, parentRun?.id])
    expect([first?.parentTaskRunId, second?.parentTaskRunId]).toEqual(standIns.map((each) => each.id))
    // The server copies the states of the sub-flow to it.
    expect(reported.taskStates('child-')).toEqual(['Pending', 'Pending'])
  })

  it('reports its tasks under itself, and fails its parent only if nobody catches', async () => {
    const step = task({ name: 'step' }, () => {
      throw new Error('no')
    })
    const child = flow({ name: 'child' }, () => step())
    const parent = flow({ name: 'parent' }, async () => (await child.state()).type)
    expect(await parent()).toBe('FAILED')
    const childRun = reported.flowRuns[1]
    expect(reported.taskRuns.find((each) => each.name.startsWith('step'))?.flowRunId).toBe(childRun?.id)
    expect(reported.flowStates()).toEqual(['Pending', 'Running', 'Completed'])
  })
})

describe('the run context', () => {
  it('is found across awaits, timers and parallel runs', async () => {
    const who = task({ name: 'who' }, async (delayMs: number) => {
      await new Promise((resolve) => setTimeout(resolve, delayMs))
      const { taskRun, flowRun, kind } = runContext()
      return `${kind} ${taskRun?.taskName} in ${flowRun?.flowName}`
    })
    const [a, b] = await Promise.all(['a', 'b'].map((name, i) => flow({ name }, () => who(3 - i))()))
    expect([a, b]).toEqual(['task who in a', 'task who in b'])
    expect(() => runContext()).toThrow(NoRunContext)
    expect(() => getRunLogger()).toThrow(NoRunContext)
  })

  it('tells log lines where they belong', async () => {
    const speak = task({ name: 'speak' }, () => logger.warn('from %s with %j', 'a task', { n: 1 }))
    const parent = flow({ name: 'f' }, async () => {
      const own = getRunLogger()
      own.debug('from the flow')
      await speak()
      await new Promise<void>((resolve) => setTimeout(() => resolve(own.error('later')), 1))
    })
    await parent()
    const said = reported.logs.filter((each) => !each.message.startsWith('Flow '))
    expect(said.map(({ level, message, logger: name }) => [level, message, name])).toEqual([
      [10, 'from the flow', 'rigel.flow-runs'],
      [30, 'from a task with {"n":1}', 'rigel.task-runs'],
      [40, 'later', 'rigel.flow-runs'],
    ])
    expect(said[1]?.taskRunId).toBe(reported.taskRuns[0]?.id)
  })

  it('records prints of runs that ask for it, and of no others', async () => {
    const quiet = flow({ name: 'quiet' }, () => console.log('not this'))
    const loud = flow({ name: 'loud', logPrints: true }, () => console.log('this: %d', 1))
    await quiet()
    await loud()
    expect(reported.logs.filter((each) => each.message.includes('this')).map((each) => each.message)).toEqual(
      ['this: 1'],
    )
  })
})

describe('listeners', () => {
  it('are there only while a flow runs', async () => {
    const before = ['SIGINT', 'SIGTERM', 'uncaughtException', 'exit'].map((name) =>
      process.listenerCount(name),
    )
    let during: number[] = []
    await flow({ name: 'f' }, () => {
      during = ['SIGINT', 'SIGTERM', 'uncaughtException', 'exit'].map((name) => process.listenerCount(name))
    })()
    expect(during).toEqual(before.map((count) => count + 1))
    expect(
      ['SIGINT', 'SIGTERM', 'uncaughtException', 'exit'].map((name) => process.listenerCount(name)),
    ).toEqual(before)
  })
})
